"""Write down what PyTorch prints for every program, for `test_programs.py`: `python -m compat_tests.programs [NAME ...]`."""

import subprocess
import sys

from compat_tests.test_programs import FOLDER, PROGRAMS

for program in [FOLDER / f"{name}.py" for name in sys.argv[1:]] or PROGRAMS:
    printed = subprocess.run([sys.executable, program], check=True, capture_output=True, text=True).stdout
    program.with_suffix(".txt").write_text(printed, encoding="utf-8")
    print(f"{program.stem}: {len(printed.splitlines())} lines")
