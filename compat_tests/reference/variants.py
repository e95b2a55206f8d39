"""The other forms of an operation, sample by sample: method, in-place, and `out=` with given tensors of several kinds."""

import warnings

import torch

import jtorch

from . import operations, translate
from .closeness import difference, leaves, stride_difference

# torch writes outside of given tensors that are laid out otherwise.
WRITES_OUTSIDE = frozenset("lu_unpack linalg.lu tril triu".split())
FORMS = ("empty", "laid out otherwise", "of another size", "in larger memory", "of a wider dtype", "of another dtype")
WIDER = {torch.float32: torch.float64, torch.complex64: torch.complex128, torch.bool: torch.uint8}
OTHER = {torch.bool: torch.int8, torch.int64: torch.int32}
MARGIN, UNTOUCHED = 64, 7


class Sample:
    """One sample of an entry with what torch's function gives for it."""

    def __init__(self, entry, sample, comparable, tolerances, exact, findings, at):
        self.entry, self.sample, self.comparable = entry, sample, comparable
        self.tolerances, self.exact, self.findings, self.at = tolerances, exact, findings, at

    def their_arguments(self):
        given = self.sample
        return operations._fresh((given.input, given.args, given.kwargs))

    def judged(self, result):
        return operations._comparable(self.entry, self.sample, result)

    # Method and in-place

    def variant(self, kind, variant):
        operations._seed()
        first, args, kwargs = self.their_arguments()
        if isinstance(first, torch.Tensor) and kind == "inplace":
            first = first.detach()
            if not isinstance(self.comparable, torch.Tensor) and self.entry.name not in operations.UNWRITTEN:
                return
        refusal = expected = None
        before = getattr(first, "_version", 0)
        try:
            with torch.no_grad():
                expected = variant(first, *args, **kwargs)
        except Exception as error:
            if kind == "method":
                return
            refusal = error  # an in-place form cannot hold a wider or larger result
        self.findings.count(
            kind,
            self._attempt(
                lambda: self._our_variant(kind, variant, expected, getattr(first, "_version", 0) - before), refusal
            ),
            self.at,
        )

    def _our_variant(self, kind, variant, expected, moved):
        with jtorch.no_grad():
            args, kwargs = operations._arguments(self.sample)
            first = args[0].detach() if kind == "inplace" else args[0]
            before = getattr(first, "_version", 0)
            operations._seed()
            result = translate.function(variant)(first, *args[1:], **kwargs)
            got = self.judged(translate.back(result))
        found = difference(got, self.judged(expected), self.tolerances, self.exact)
        if found is None and kind == "inplace":
            if result is not first:
                return "does not return the tensor it was called on"
            if bool(first._version - before) != bool(moved):
                return f"the version moves by {first._version - before}, torch's by {moved}"
        return found

    def _attempt(self, compare, refusal):
        """What differs; where torch refuses, the same class of error is wanted."""
        try:
            found = compare()
        except operations.TookTooLong:
            raise
        except Exception as error:
            if refusal is None:
                return operations._said(error)
            same = isinstance(error, type(refusal)) and not isinstance(error, translate.Missing)
            return None if same else f"{operations._said(error)}; torch: {operations._said(refusal)}"
        return found if refusal is None else f"nothing raised; torch: {operations._said(refusal)}"

    # out=

    def out(self, expected):
        if any(not isinstance(leaf, torch.Tensor) for leaf in leaves(expected)):
            return
        for form in FORMS[:1] if self.entry.name in WRITES_OUTSIDE else FORMS:
            theirs, memory = given(torch, expected, form)
            first, args, kwargs = self.their_arguments()
            operations._seed()
            refusal = result = None
            with torch.no_grad(), resizes() as warned:
                try:
                    result = self.entry.op(first, *args, **kwargs, out=theirs)
                except Exception as error:
                    if form == "empty":
                        return  # this overload has none
                    if form in ("laid out otherwise", "in larger memory"):
                        continue  # torch folds what it multiplies, and then cannot write to every layout
                    refusal = error
            torchs = (theirs, memory, result, warned)
            found = self._attempt(lambda: self._our_out(expected, form, *torchs), refusal)  # noqa: B023
            self.findings.count("out", found and f"out {form}: {found}", self.at)

    def _our_out(self, expected, form, theirs, memory, torchs, torch_warned):
        with jtorch.no_grad(), resizes() as warned:
            ours, buffers = given(jtorch, expected, form)
            args, kwargs = operations._arguments(self.sample)
            operations._seed()
            result = translate.function(self.entry.op)(*args, **kwargs, out=ours)
            got = translate.back(ours)
        wanted = self.judged(theirs) if self.entry.name in operations.UNWRITTEN or "dtype" in form else self.comparable
        found = None
        if form == "of a wider dtype":  # the numbers are those of the narrower one
            found = _dtype_difference(got, theirs)
            got, wanted = _narrowed(got, expected), self.judged(_narrowed(theirs, expected))
        found = found or difference(self.judged(got), wanted, self.tolerances, self.exact)
        found = found or stride_difference(got, theirs)
        if found is None and _holds(torchs, theirs) and not _holds(result, ours):
            found = "does not return what was given"
        if found is None and warned != torch_warned:
            found = f"warns {warned} where torch warns {torch_warned}"
        if found is None and any(map(_spilt, buffers)) and not any(map(_spilt, memory)):
            return "writes around the given tensor"
        return found


def given(library, expected, form):
    """Tensors for results like those expected, and the memory they are in where that is larger."""
    outs, buffers = [], []
    for leaf in leaves(expected):
        dtype, shape = leaf.dtype, tuple(leaf.shape)
        if form == "of a wider dtype":
            dtype = WIDER.get(dtype, torch.float64)
        elif form == "of another dtype":
            dtype = OTHER.get(dtype, torch.int64)
        if library is not torch:
            dtype = translate.value(dtype)
        if form == "empty":
            outs.append(library.empty(0, dtype=dtype))
        elif form == "laid out otherwise":
            outs.append(library.empty(shape[::-1], dtype=dtype).permute(tuple(reversed(range(len(shape))))))
        elif form == "of another size":
            outs.append(library.zeros((2, *shape), dtype=dtype))
        elif form == "in larger memory":
            strides = [2 * s for s in torch.empty(shape).stride()]
            buffers.append(library.full((2 * leaf.numel() + 2 * MARGIN,), UNTOUCHED, dtype=dtype))
            outs.append(buffers[-1].as_strided(shape, strides, MARGIN))
        else:
            outs.append(library.zeros(shape, dtype=dtype))
    return (outs[0] if isinstance(expected, torch.Tensor) else tuple(outs)), buffers


class resizes(warnings.catch_warnings):
    """The warnings that a given tensor was resized: which one."""

    def __init__(self):
        super().__init__(record=True)

    def __enter__(self):
        self._log, self.lines = super().__enter__(), []
        warnings.simplefilter("always")
        return self.lines

    def __exit__(self, *exc):
        texts = [str(w.message).partition(" (Triggered")[0].partition(", which does not match")[0] for w in self._log]
        self.lines += sorted({text for text in texts if "resized" in text})
        super().__exit__(*exc)


def _dtype_difference(got, theirs) -> str | None:
    ours, torchs = [t.dtype for t in leaves(got)], [t.dtype for t in leaves(theirs)]
    return None if ours == torchs else f"dtypes {ours} where torch has {torchs}"


def _narrowed(outs, expected):
    """Tensors of a wider dtype in that of the results, laid out as they are."""
    made = [torch.empty_like(o, dtype=e.dtype).copy_(o) for o, e in zip(leaves(outs), leaves(expected), strict=True)]
    return made[0] if isinstance(expected, torch.Tensor) else tuple(made)


def _holds(result, outs) -> bool:
    return len(leaves(result)) == len(leaves(outs)) and all(
        a is b for a, b in zip(leaves(result), leaves(outs), strict=True)
    )


def _spilt(buffer) -> bool:
    """Whether something was written between the elements of a tensor in larger memory, or around them."""
    plain = translate.back(buffer)
    end = len(plain) - MARGIN
    around = torch.cat([plain[:MARGIN], plain[MARGIN + 1 : end : 2], plain[end:]])
    return not bool((around == torch.tensor(UNTOUCHED).to(plain.dtype)).all())
