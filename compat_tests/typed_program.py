"""A program as users write it, for a type checker: `test_stubs.py` runs mypy over it against jtorch's stubs. Nothing here is run."""

from typing import assert_type

import jtorch as torch
import jtorch.nn.functional as F
from jtorch import Tensor, nn


def tensors(x: Tensor) -> Tensor:
    assert_type(torch.zeros(2, 3), Tensor)
    assert_type(x + 1, Tensor)
    assert_type(2 * x, Tensor)
    assert_type(x == x, Tensor)
    assert_type(x[0, :, None], Tensor)
    assert_type(x.add(1, alpha=2), Tensor)
    assert_type(x.reshape(-1, 2).transpose(0, 1).contiguous(), Tensor)
    assert_type(torch.cat([x, x], dim=1), Tensor)
    assert_type(torch.where(x > 0, x, 0.0), Tensor)
    assert_type(torch.linalg.norm(x), Tensor)
    assert_type(torch.fft.fft(x), Tensor)
    assert_type(torch.special.expit(x), Tensor)
    assert_type(x.float().to(torch.float64), Tensor)
    return x.sum(dim=-1, keepdim=True)


def attributes(x: Tensor) -> None:
    assert_type(x.requires_grad, bool)
    assert_type(x.grad, Tensor | None)
    assert_type(x.T, Tensor)
    assert_type(x.dim(), int)
    assert_type(x.size(0), int)
    assert_type(x.ndim, int)
    assert_type(len(x), int)
    assert_type(x.is_cuda, bool)
    assert_type(x.stride(0), int)
    x.requires_grad = True
    rows, columns = x.shape
    print(rows, columns, x.dtype is torch.float32, x.device == torch.device("cpu"))
    for row in x:
        assert_type(row, Tensor)


def several_results(x: Tensor) -> None:
    found = torch.sort(x, dim=1)
    assert_type(found.values, Tensor)
    values, indices = x.topk(3)
    assert_type(values, Tensor)
    assert_type(x.max(), Tensor)
    assert_type(x.max(dim=0).indices, Tensor)
    assert_type(torch.max(x, x), Tensor)
    first, *_ = x.split(2)
    assert_type(first, Tensor)


def training(model: nn.Module, x: Tensor, target: Tensor) -> float:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    with torch.no_grad():
        model(x)
    loss = F.cross_entropy(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    torch.manual_seed(0)
    (gradient,) = torch.autograd.grad(loss, x)
    print(gradient, torch.cuda.is_available(), torch.get_default_dtype())
    return loss.item()


def mistakes(x: Tensor) -> None:
    x.no_such_method()  # type: ignore[attr-defined]
    torch.no_such_function(x)  # type: ignore[attr-defined]
    torch.add(x, 1, nonsense=2)  # type: ignore[call-arg]
    torch.mm(x)  # type: ignore[call-arg]
    x.requires_grad = "yes"  # type: ignore[assignment]
