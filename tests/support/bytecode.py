"""Imported before all else by a fork server: writes bytecode where the processes of this run keep theirs.

The tests' conftest names a folder where Python may not write it beside the sources. Without this the fork server, to
which multiprocessing hands that on, would compile every module of every package.
"""

import os
import sys

if "PYTHONPYCACHEPREFIX" in os.environ:
    sys.dont_write_bytecode = False
