"""Handlers of what users send: messages, commands and buttons; admission, access lists, images awaiting a prompt."""
