"""Telegram: the Bot API by python-telegram-bot, polled or by webhook."""
