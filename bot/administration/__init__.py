"""What administrators read and change, and how they sign in to the page.

`service` implements the port `bot.ports.administration` over the store and the running parts; it answers in values.
Words for a chat stand in `bot.handlers.admin_commands`, a page in `adapters.admin`.
"""
