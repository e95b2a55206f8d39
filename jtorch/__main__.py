"""`python -m jtorch script.py`: run a program that says `import torch` on jtorch."""

import sys

from jtorch.compat.launcher import main

if __name__ == "__main__":
    main(sys.argv[1:])
