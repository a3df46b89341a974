"""The HTTP server: health, metrics, upstreams' callbacks, and the routes that adapters mount."""
