"""How fast Easel is: the same work done by Easel and by scripts on the bare libraries, measured from outside.

    python -m tests.bench [SCENARIO…] [--quick] [--out FOLDER] [--readme]

Servers and clocks live in this process, whoever is measured in one of its own. Asserts nothing about figures.
"""
