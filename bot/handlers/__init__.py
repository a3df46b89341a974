"""What users send, handled: messages and commands, admission, access lists, images that wait for a prompt."""
