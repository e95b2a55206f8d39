"""torch.testing: what assert_close says, and the tensors make_tensor makes."""

import numpy as np
import torch

T = torch.tensor


def t(label, *args, **kwargs):
    try:
        print(label, torch.testing.assert_close(*args, **kwargs))
    except Exception as error:
        print(label, type(error).__name__, repr(str(error)))


def m(label, *args, **kwargs):
    try:
        made = torch.testing.make_tensor(*args, **kwargs)
        print(label, made if made.numel() < 20 else made.shape, made.dtype, made.requires_grad, made.stride())
    except Exception as error:
        print(label, type(error).__name__, error)


# --- assert_close
t("eq", T([1.0, 2.0]), T([1.0, 2.0]))
t("val", T([1.0, 2.0]), T([1.0, 3.0]))
t("val2d", T([[1.0, 2.0], [3.0, 4.0]]), T([[1.0, 2.0], [3.0, 5.0]]))
t("val2", T([1.0, 2.0, 7.0]), T([1.0, 3.0, 4.0]))
t("scalar", T(1.0), T(2.0))
t("shape", T([1.0]), T([1.0, 2.0]))
t("dtype", T([1.0]), T([1.0], dtype=torch.float64))
t("nodtype", T([1.0]), T([1.0], dtype=torch.float64), check_dtype=False)
t("int", T([1, 2]), T([1, 3]))
t("bool", T([True]), T([False]))
t("nan", T([float("nan")]), T([float("nan")]))
t("eqnan", T([float("nan")]), T([float("nan")]), equal_nan=True)
t("num", 1.0, 1.1)
t("numint", 1, 2)
t("numtype", 1, 1.0)
t("numdt", 1, 1.0, check_dtype=True)
t("np", np.array([1.0, 2.0]), np.array([1.0, 2.5]))
t("list", [T([1.0]), T([2.0])], [T([1.0]), T([3.0])])
t("listlen", [T([1.0])], [T([1.0]), T([3.0])])
t("dict", {"a": T([1.0])}, {"a": T([2.0])})
t("dictkeys", {"a": T([1.0])}, {"b": T([1.0])})
t("nested", {"a": [T([1.0]), (1, 2)]}, {"a": [T([1.0]), (1, 3)]})
t("tuple", (1, 2), [1, 2])
t("rtol only", T([1.0]), T([1.0]), rtol=0.1)
t("rtol", T([1.0]), T([1.05]), rtol=0.1, atol=0.0)
t("atol0", T([1.0]), T([2.0]), rtol=0, atol=0)
t("msg", T([1.0]), T([2.0]), msg="hello")
t("msgf", T([1.0]), T([2.0]), msg=lambda m: "X: " + m)
t("none", None, None)
t("none2", None, T([1.0]))
t("str", "a", "a")
t("stride", torch.ones(2, 3).t(), torch.ones(3, 2), check_stride=True)
t("device", T([1.0]), T([1.0]), check_device=True)
t("layout", T([1.0]), T([1.0]), check_layout=True)
t("cplx", T([1 + 1j]), T([1 + 2j]))
t("cplxnum", 1 + 1j, 1 + 2j)
t("half", T([1.0], dtype=torch.float16), T([1.002], dtype=torch.float16))
t("bf16", T([1.0], dtype=torch.bfloat16), T([1.1], dtype=torch.bfloat16))
t("inf", T([float("inf")]), T([1.0]))
t("zero exp", T([1.0]), T([0.0]))
t("empty", T([]), T([]))
t("0dim vs number", T(1.0), 1.0)
t("types", T([1.0]), "a")
t("big", torch.zeros(10, 10), torch.ones(10, 10))
t("uint8", T([1], dtype=torch.uint8), T([255], dtype=torch.uint8))
t("param", torch.nn.Parameter(torch.ones(1)), torch.ones(1))
t("param2", torch.nn.Parameter(torch.ones(1)), torch.ones(1), allow_subclasses=False)
t("promote", T([1.0]), T([1], dtype=torch.int64), check_dtype=False)
t("bools", True, False)
t("set", {1}, {1})
t("mixed", T([1.0, float("nan")]), T([1.0, 2.0]))
# --- assert_allclose
torch.testing.assert_allclose(T([1.0]), T([2.0]))
# --- make_tensor
m("f", 3, dtype=torch.float32, device="cpu")
m("f2", (2, 3), dtype=torch.float64, device="cpu", low=-1, high=1, requires_grad=True)
m("i", 2, 3, dtype=torch.int64, device="cpu", low=0, high=10)
m("i2", (3,), dtype=torch.int32, device="cpu")
m("u8", (3,), dtype=torch.uint8, device="cpu")
m("b", (4,), dtype=torch.bool, device="cpu")
m("c", (2,), dtype=torch.complex64, device="cpu")
m("nc", (2, 3), dtype=torch.float32, device="cpu", noncontiguous=True)
m("ez", (4,), dtype=torch.int64, device="cpu", low=0, high=2, exclude_zero=True)
m("half", (2,), dtype=torch.float16, device="cpu")
m("bf", (2,), dtype=torch.bfloat16, device="cpu")
m("bad", (2,), dtype=torch.float32, device="cpu", low=2, high=1)
m("badi", (2,), dtype=torch.int64, device="cpu", low=1, high=1)
m("rgi", (2,), dtype=torch.int64, device="cpu", requires_grad=True)
m("nan", (2,), dtype=torch.float32, device="cpu", low=float("nan"))
m("mf", (2, 3, 4, 5), dtype=torch.float32, device="cpu", memory_format=torch.channels_last)
m("mfnc", (2, 3, 4, 5), dtype=torch.float32, device="cpu", memory_format=torch.channels_last, noncontiguous=True)
m("nodt", (2,))
m("i8", (3,), dtype=torch.int8, device="cpu", low=-5, high=5)
m("f lim", (3,), dtype=torch.float32, device="cpu", low=None, high=1)
m("inf", (3,), dtype=torch.float32, device="cpu", low=-float("inf"), high=float("inf"))
# --- assert_close of two layouts
t("layouts", T([[0.0, 1.0]]).to_sparse(), T([[0.0, 1.0]]), check_layout=False)
t("layouts differ", T([[0.0, 1.0]]).to_sparse(), T([[0.0, 2.0]]), check_layout=False)
t("layouts checked", T([[0.0, 1.0]]).to_sparse(), T([[0.0, 1.0]]))
