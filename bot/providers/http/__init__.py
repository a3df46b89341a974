"""HTTP to upstreams, shared by all dialects: the client with its deadlines, SSE, multipart forms, error bodies."""
