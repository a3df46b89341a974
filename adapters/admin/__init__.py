"""The page on which administrators look at a running Easel, and change what may be changed."""
