"""A chat platform in a page on this computer: the same core, nothing to configure."""
