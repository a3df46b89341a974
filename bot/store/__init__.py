"""The one database: jobs, checkpoints and credits. `store.store.Store` is what the rest of Easel uses."""
