"""Sobol sequences."""

import torch
from torch.quasirandom import SobolEngine

# --- points
e = SobolEngine(3)
[
    str(e),
    e.draw(5),
    e.num_generated,
    e.draw(2),
    e.reset().draw(2, dtype=torch.float64),
    e.fast_forward(5).draw(1),
    e.fast_forward(1000).draw(2),
]
# --- fast forward from the start
[SobolEngine(2).fast_forward(n).draw(2) for n in (1, 2, 7)]
# --- scrambled
e = SobolEngine(3, scramble=True, seed=7)
[str(e), e.draw(4), e.sobolstate, e.shift, e.quasi, e.reset().draw(1)]
# --- scrambled by the default generator
torch.manual_seed(3)
SobolEngine(2, scramble=True).draw(3)
# --- powers of two
SobolEngine(5).draw_base2(2)
# --- not a power of two
e = SobolEngine(2)
e.draw(3)
e.draw_base2(2)
# --- no dimensions
SobolEngine(0)
# --- too many dimensions
SobolEngine(30000)
# --- all dimensions
[SobolEngine(21201).draw(9, dtype=torch.float64).sum(), SobolEngine.MAXDIM, SobolEngine.MAXBIT]
# --- out
out = torch.empty(0)
[SobolEngine(2).draw(2, out=out) is out, out]
# --- no points
SobolEngine(2).draw(0)
# --- dtype
SobolEngine(2).draw(3, dtype=torch.float16)
