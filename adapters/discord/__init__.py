"""Discord: the gateway's events come in, one message a job goes out."""
