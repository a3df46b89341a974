"""The task dialects of the sandbox: a submitted task that is polled, or announced by a callback, until it ends."""
