"""What Easel is compared with: scripts as one writes them in an afternoon on the bare libraries.

No quota, no persistence, no safety. Nothing of Easel is imported here.
"""
