"""The page on which a member paints by hand what is to change in a picture."""
