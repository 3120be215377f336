"""``python -m dropout_lab`` is ``dropout-lab``."""

import os
import sys

# `python -m` puts the working folder in front, where a file such as random.py would hide an installed module.
if __name__ == "__main__" and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109, other modules could be hidden already
    del sys.path[0]

from dropout_lab.cli.app import main

if __name__ == "__main__":
    main()
