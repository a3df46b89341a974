"""The Discord adapter, on discord.py: gateway events become the core's values, cards become messages."""
