"""Messages parsed into requests: commands, prompts, options, sizes, masks. Pure: no I/O, no clock."""
