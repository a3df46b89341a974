"""The chat-completions dialect of the sandbox: progress lines and a picture link inside a chat reply."""
