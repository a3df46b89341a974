"""What operators see of a running Easel: its log, metrics, errors, traces. Knows nothing of what it shows."""
