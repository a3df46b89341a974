"""The one HTTP server that adapters mount their routes on."""
