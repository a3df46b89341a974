"""The images dialect of the sandbox: OpenAI's generations and edits, and two variants of them."""
