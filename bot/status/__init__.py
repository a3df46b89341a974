"""The status message of each job: its state, its text, and the pacing of all calls to a chat platform."""
