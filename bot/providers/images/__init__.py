"""The dialect `images`: OpenAI's Images API, generations and edits, streamed or whole."""
