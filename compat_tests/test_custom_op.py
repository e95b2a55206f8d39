"""torch.library.custom_op: how arguments, gradients and kernels of operations written in Python go together."""

import pytest

import jtorch as torch


def _scaled(name, **options):
    @torch.library.custom_op(f"test_custom_op::{name}", mutates_args=(), **options)
    def scaled(x: torch.Tensor, y: torch.Tensor, factor: float = 3.0) -> torch.Tensor:
        return (x * factor + y).detach()

    def setup_context(ctx, inputs, output):
        ctx.inputs = inputs

    def backward(ctx, grad):
        ctx.inputs[0].needed = ctx.needs_input_grad[:2]
        return grad * ctx.inputs[2], None, None

    scaled.register_autograd(backward, setup_context=setup_context)
    return scaled


@pytest.mark.parametrize(
    "call", [lambda op, x, y: op(x, y), lambda op, x, y: op(y=y, x=x), lambda op, x, y: op(x, y=y, factor=3.0)]
)
def test_named_arguments_keep_the_gradient(call):
    x, y = torch.ones(2, requires_grad=True), torch.ones(2)
    call(_scaled("named"), x, y).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert x.needed == (True, False)


def test_keyword_only_arguments_are_told_to_setup_context():
    @torch.library.custom_op("test_custom_op::keyword", mutates_args=())
    def op(x: torch.Tensor, *, factor: float) -> torch.Tensor:
        return x * factor

    def setup_context(ctx, inputs, keyword_only_inputs, output):
        ctx.factor = keyword_only_inputs["factor"]

    op.register_autograd(lambda ctx, grad: grad * ctx.factor, setup_context=setup_context)
    x = torch.ones(2, requires_grad=True)
    op(x, factor=2.0).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_kernel_is_for_its_devices():
    op = _scaled("on_meta", device_types="meta")
    with pytest.raises(
        NotImplementedError, match="Could not run 'test_custom_op::on_meta' with arguments from the 'CPU' backend"
    ):
        op(torch.ones(2), torch.ones(2))
    op.register_kernel("cpu")(lambda x, y, factor: x - y)
    assert op(torch.ones(2), torch.ones(2)).tolist() == [0.0, 0.0]


def test_what_does_not_fit_is_refused():
    with pytest.raises(RuntimeError, match="'z'"):
        _scaled("refuses")(torch.ones(2), torch.ones(2), z=1)

    @torch.library.custom_op("test_custom_op::listed", mutates_args=())
    def listed(xs: list[torch.Tensor]) -> torch.Tensor:
        return xs[0] + xs[1]

    listed.register_autograd(lambda ctx, grad: [grad, grad])
    assert listed([torch.ones(1)] * 2).tolist() == [2.0]
    with pytest.raises(NotImplementedError, match="tensors in a list"):
        listed([torch.ones(1, requires_grad=True)] * 2)
