"""Processes of Easel that are killed and restarted: kill points, the process that blocks there, the world."""
