"""What a child process runs while it unpickles its parent's preparation data (see processes.py); as a module, nothing."""

import importlib.util
import os
import sys

if __name__ == "__jtorch_bootstrap__":
    aliases = globals()["aliases"]  # put there by the parent
    if importlib.util.find_spec("jtorch") is None:
        # The parent found jtorch through a change to sys.path; the child gets that list only after this.
        sys.path.append(os.path.dirname(aliases["jtorch_folder"]))

    from jtorch.compat import install

    if aliases["everywhere"]:
        install()
    if aliases["packages"]:
        install(aliases["packages"])
