"""Measurements of jtorch beside torch and hand-written flax, in one run: `python -m benchmarks`. See README.md."""
