"""What administrators see and change, and how they sign in."""
