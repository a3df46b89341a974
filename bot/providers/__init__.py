"""Image upstreams: three dialects, presets as data, and the fallback from one provider to the next."""
