"""Functions and methods from the table of operations: the one place where a specification becomes something users call.

A function is compiled from its signature, so that binding arguments costs what a plain Python call costs.
"""

import functools
from collections import namedtuple
from types import CodeType, FunctionType

from . import dispatch, outs
from .ops.registry import Dim, Dims, Op, Size
from .overloads import shown

MISSING = type("MISSING", (), {"__repr__": lambda self: "<required>"})()


def function(op: Op):
    """`torch.name(...)`; also the method, whose first argument is the tensor."""
    return _compiled(op, _short(op), "_results(_apply(_op, ({args},)))", out="out" in op.variants)


def method(op: Op, plain):
    """`Tensor.name(...)`: the function, which has no `out` there."""
    if "out" not in op.variants:
        return plain
    made = FunctionType(plain.__code__, {**plain.__globals__, "_out": _no_out}, plain.__name__, plain.__defaults__)
    made.__kwdefaults__, made.__doc__, made.__module__ = plain.__kwdefaults__, plain.__doc__, plain.__module__
    return made


def _no_out(op, args, out):
    raise TypeError(f"{_short(op)}() got an unexpected keyword argument 'out'")


def inplace(op: Op):
    """`Tensor.name_(...)`: the result is written into the tensor, which is returned."""
    return _compiled(op, _short(op) + "_", "_inplace(_op, ({args},))", out=False)


def _short(op):
    return op.name.split(".")[-1]


def result_type(op: Op):
    """The named tuple of an operation with several results, printed as torch prints it."""
    name = shown(op.name)  # linalg_eigh, max
    made = namedtuple(name, op.outputs)  # the fields come from the table

    def __repr__(self):
        return (
            f"torch.return_types.{name}(\n"
            + ",\n".join(f"{f}={v!r}" for f, v in zip(self._fields, self, strict=True))
            + ")"
        )

    made.__repr__ = __repr__
    made.__module__ = "torch.return_types"
    return made


def _compiled(op: Op, name: str, call: str, out: bool):
    names = {
        "_op": op,
        "_name": name,
        "_apply": dispatch.apply,
        "_inplace": dispatch.apply_inplace,
        "_out": outs.apply_out,
        "_missing": MISSING,
        "_respell": _respell,
        "_one_size": _one_size,
        "_results": _named(op) if op.outputs and _short(op) not in ("var_mean", "std_mean") else _single,
    }
    header, args, defaults, keyword_defaults = [], [], [], {}
    varargs, starred, missing = False, False, []
    positional = [p for p in op.params if not p.keyword_only]
    for i, p in enumerate(op.params):
        if p.keyword_only and not starred and not varargs:
            header.append("*")
            starred = True
        if p.kind is Size and i == len(positional) - 1 and not p.keyword_only and i > 0:
            varargs = True
            header.append(f"*{p.name}")
            args.append(f"_one_size({p.name}, _kw, {p.name!r})")
            continue
        header.append(p.name)
        args.append(p.name)
        default = p.default
        if p.required:
            # A required dim may come as `axis=`; what follows it must then have a default too.
            if not (missing or (p.kind in (Dim, Dims) and not p.keyword_only)):
                continue
            missing.append(p.name)
            default = MISSING
        if p.keyword_only or varargs:
            keyword_defaults[p.name] = default
        else:
            defaults.append(default)
    if out:
        if not starred and not varargs:
            header.append("*")
        header.append("out")
        keyword_defaults["out"] = None
    # Other spellings (axis, keepdims, a dtype where there is none) are looked at only when they occur.
    header.append("**_kw")
    arguments = ", ".join(args)
    source = f"def function({', '.join(header)}):\n"
    if not varargs:
        source += "    if _kw:\n        return _respell(_self, _op, _kw, locals())\n"
    for word in missing:
        source += f"    if {word} is _missing:\n        raise TypeError(f\"{{_name}}() missing 1 required positional argument: '{word}'\")\n"
    if out:
        source += f"    if out is not None:\n        return _results(_out(_op, ({arguments},), out))\n"
    source += "    return " + call.format(args=arguments) + "\n"
    code = _code(source).replace(co_name=name, co_qualname=name, co_filename=f"<jtorch operation {op.name}>")
    made = names["_self"] = FunctionType(code, names, name, tuple(defaults))
    made.__kwdefaults__ = keyword_defaults
    made.__doc__ = op.doc
    made.__module__ = ".".join(["jtorch", *op.name.split(".")[:-1]])  # where pickles find it
    return made


@functools.cache
def _code(source: str) -> CodeType:
    """The code of a function; operations with the same parameters share it, since compiling takes most of the time of `import jtorch`."""
    module = compile(source, "<jtorch operation>", "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def _named(op: Op):
    kind = functools.cache(lambda: result_type(op))
    # One result only comes from who decided about the function in torch's place (`__torch_function__`).
    return lambda results: kind()(*results) if len(results) > 1 else results[0]


def _single(results):
    return results[0] if len(results) == 1 else tuple(results)


def _one_size(given, keywords, name):
    if keywords:
        if name in keywords and not given and len(keywords) == 1:
            return keywords[name]
        raise TypeError(f"got an unexpected keyword argument '{next(iter(keywords))}'")
    return given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given


_SPELLINGS = {
    "A": "input",
    "B": "other",
    "axis": "dim",
    "axes": "dims",
    "keepdims": "keepdim",
    "x": "input",
    "a": "input",
    "x1": "input",
    "x2": "other",
}


def _respell(fn, op, keywords, bound):
    """Numpy's names of arguments, which torch accepts too."""
    known = {p.name for p in op.params}
    again = {}
    for word, value in keywords.items():
        meant = _SPELLINGS.get(word)
        if meant not in known:
            given = ", ".join(
                [
                    type(bound[p.name]).__name__
                    for p in op.params[1:]
                    if bound[p.name] is not p.default and bound[p.name] is not MISSING
                ]
                + [f"{w}={type(v).__name__}" for w, v in keywords.items()]
            )
            raise TypeError(
                f"{fn.__name__}() received an invalid combination of arguments - got ({given}, ), but expected one of:\n * {signature(op)}\n"
            )
        again[meant] = value
    for p in op.params:
        value = bound[p.name]
        if p.name not in again and value is not MISSING:
            again[p.name] = value
    if bound.get("out") is not None:
        again["out"] = bound["out"]
    first = [again.pop(p.name) for p in op.params[:1]]
    return fn(*first, **again)


def signature(op: Op) -> str:
    """The call of an operation as the documentation shows it."""
    return f"{op.name}({', '.join(str(p.name) for p in op.params)})"
