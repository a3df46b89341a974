"""Processes killed at every step of a job, and begun again: the steps, the process that stops there, the houses."""
