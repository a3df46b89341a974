"""What every part of the running process stands on: time, tasks, shares of file descriptors, trusted authorities."""
