"""The examples of adapters/README.md and bot/providers/README.md, as they stand there or are named there."""
