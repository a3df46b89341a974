"""What is measured, by letter: each scenario runs Easel and its baseline side by side and returns figures."""
