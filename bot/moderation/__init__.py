"""The check of prompts and pictures against an endpoint such as OpenAI's, before anything is reserved or painted."""
