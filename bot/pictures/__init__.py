"""Checks, decodes and encodes images of users and upstreams; none of their bytes are trusted."""
