"""Fuzzing from bytes: one function for each reader of what comes from outside, for any engine that makes bytes."""
