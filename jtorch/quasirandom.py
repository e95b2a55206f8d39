"""torch.quasirandom: Sobol sequences, points that fill the unit cube evenly."""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np

import jtorch

__all__ = ["SobolEngine"]

_BITS = 30


@cache
def _joe_kuo():
    """Primitive polynomials and initial direction numbers of 21201 dimensions (S. Joe and F. Y. Kuo, 2008), which come with scipy."""
    (folder,) = importlib.util.find_spec("scipy").submodule_search_locations
    with np.load(Path(folder) / "stats" / "_sobol_direction_numbers.npz") as table:
        return table["poly"].astype(np.int64), table["vinit"].astype(np.int64)


def _directions(dimension: int) -> np.ndarray:
    """The direction numbers of each dimension, (dimension, 30), as integers of 30 bits (P. Bratley and B. L. Fox, 1988, equation 2)."""
    polynomials, initial = _joe_kuo()
    m = np.ones((dimension, _BITS), np.int64)
    degrees = np.array([int(p).bit_length() - 1 for p in polynomials[:dimension]])
    for degree in np.unique(degrees[1:]):
        rows = np.flatnonzero(degrees == degree)
        rows = rows[rows > 0]  # the first dimension is van der Corput's
        m[rows, :degree] = initial[rows, :degree]
        for i in range(degree, _BITS):
            new = m[rows, i - degree] ^ (m[rows, i - degree] << degree)
            for k in range(1, degree):
                coefficient = polynomials[rows] >> (degree - k) & 1
                new ^= coefficient * (m[rows, i - k] << k)
            m[rows, i] = new
    return m << np.arange(_BITS - 1, -1, -1)


def _lowest_zeros(start: int, count: int) -> np.ndarray:
    """The place of the lowest zero bit of each of `count` numbers from `start` on: which direction number comes next, in Gray code."""
    numbers = np.arange(start, start + count, dtype=np.int64)
    lowest = ~numbers & (numbers + 1)
    return np.log2(lowest).astype(np.int64)


class SobolEngine:
    """Draws a Sobol sequence in `dimension` dimensions, at most 21201; `scramble` by a random matrix and shift from `seed`.

    >>> import jtorch as torch
    >>> torch.quasirandom.SobolEngine(2).draw(3)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500]])
    """

    MAXBIT = _BITS
    MAXDIM = 21201

    def __init__(self, dimension, scramble=False, seed=None):
        if dimension > self.MAXDIM or dimension < 1:
            raise ValueError(f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]")
        self.seed, self.scramble, self.dimension = seed, scramble, dimension
        directions = _directions(dimension)
        shift = np.zeros(dimension, np.int64)
        if scramble:
            directions, shift = self._scrambled(directions)
        self.sobolstate, self.shift = jtorch.from_numpy(directions), jtorch.from_numpy(shift)
        self.quasi = self.shift.clone(memory_format=jtorch.contiguous_format)
        self._first_point = (self.quasi / 2**self.MAXBIT).reshape(1, -1)
        self.num_generated = 0

    def _scrambled(self, directions):
        """Direction numbers multiplied by random lower triangular matrices over bits, and a random shift (J. Matousek, 1998)."""
        generator = None
        if self.seed is not None:
            generator = jtorch.Generator()
            generator.manual_seed(self.seed)
        shape = (self.dimension, _BITS)
        shift = jtorch.randint(2, shape, device="cpu", generator=generator).numpy() @ (1 << np.arange(_BITS))
        matrices = np.tril(jtorch.randint(2, (*shape, _BITS), device="cpu", generator=generator).numpy())
        matrices[:, np.arange(_BITS), np.arange(_BITS)] = 1
        bits = directions[:, :, None] >> np.arange(_BITS - 1, -1, -1) & 1  # (dimension, number, bit), the highest first
        mixed = np.einsum("dpk,djk->djp", matrices, bits) & 1
        return mixed @ (1 << np.arange(_BITS - 1, -1, -1)), shift

    def draw(self, n: int = 1, out=None, dtype=None):
        """The next `n` points, (n, dimension), of the default dtype unless told otherwise."""
        dtype = jtorch.get_default_dtype() if dtype is None else dtype
        if self.num_generated == 0:
            result = self._first_point.to(dtype)
            if n != 1:
                result = jtorch.cat((result, self._points(n - 1, 0, dtype)), dim=-2)
        else:
            result = self._points(n, self.num_generated - 1, dtype)
        self.num_generated += n
        if out is not None:
            out.resize_as_(result).copy_(result)
            return out
        return result

    def _points(self, n, start, dtype):
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}, {self.dimension}]")
        if dtype not in (jtorch.float32, jtorch.float64):
            name = {"float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int"}.get(
                dtype.name, dtype.name
            )
            raise NotImplementedError(f"\"_sobol_engine_draw\" not implemented for '{name}'")
        states = self._advanced(n, start)
        if n:
            self.quasi = jtorch.from_numpy(states[-1].copy())
        return jtorch.from_numpy((states / 2**_BITS).astype(dtype.numpy))

    def _advanced(self, n, start):
        """The next `n` states, (n, dimension): each is the one before with one direction number flipped in."""
        chosen = self.sobolstate.numpy().T[_lowest_zeros(start, n)]
        return np.bitwise_xor.accumulate(chosen, axis=0) ^ self.quasi.numpy()

    def draw_base2(self, m: int, out=None, dtype=None):
        """The next 2**m points; only where the sequence is balanced after them."""
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1):
            raise ValueError(
                f"The balance properties of Sobol' points require n to be a power of 2. {self.num_generated} points have been "
                f"previously generated, then: n={self.num_generated}+2**{m}={total}. "
                "If you still want to do this, please use 'SobolEngine.draw()' instead."
            )
        return self.draw(n=n, out=out, dtype=dtype)

    def reset(self):
        """Start again."""
        self.quasi.copy_(self.shift)
        self.num_generated = 0
        return self

    def fast_forward(self, n):
        """Leave out `n` points."""
        first = self.num_generated == 0
        count, start = (n - 1, 0) if first else (n, self.num_generated - 1)
        if count > 0:
            # Direction numbers that are flipped in twice cancel: what counts is how the Gray code differs.
            code = (start ^ start >> 1) ^ ((start + count) ^ (start + count) >> 1)
            flipped = self.sobolstate.numpy()[:, [i for i in range(_BITS) if code >> i & 1]]
            self.quasi = jtorch.from_numpy(self.quasi.numpy() ^ np.bitwise_xor.reduce(flipped, axis=1))
        self.num_generated += n
        return self

    def __repr__(self):
        described = [f"dimension={self.dimension}"]
        if self.scramble:
            described.append("scramble=True")
        if self.seed is not None:
            described.append(f"seed={self.seed}")
        return f"{type(self).__name__}({', '.join(described)})"
