"""The dialect `chat`: chat completions whose reply holds progress as text, and the picture."""
