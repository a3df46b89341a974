"""The Telegram adapter, on python-telegram-bot: the Bot API by polling or webhook, inline mode, Stars payments."""
