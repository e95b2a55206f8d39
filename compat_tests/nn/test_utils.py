"""nn.utils: clipping, parameters as a vector, packed sequences, folded batch norm."""

import pytest


def parameters(torch):
    w, v = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2, 2))
    w.grad, v.grad = torch.tensor([3.0, 4.0]), torch.ones(2, 2)
    return [w, v]


@pytest.mark.parametrize(
    ("order", "norm"), [(2.0, 29**0.5), (1.0, 11.0), ("inf", 4.0), (3.0, 95 ** (1 / 3)), (0.0, 2.0)]
)
def test_norm_of_all_gradients(torch, order, norm):
    assert torch.nn.utils.clip_grad_norm_(parameters(torch), 100.0, order).item() == pytest.approx(norm, rel=1e-6)


def test_clip_grad_norm_scales_gradients_down_and_never_up(torch):
    params = parameters(torch)
    assert torch.nn.utils.clip_grad_norm_(iter(params), 1.0).item() == pytest.approx(29**0.5, rel=1e-6)
    assert params[0].grad.tolist() == pytest.approx([3 / 29**0.5, 4 / 29**0.5], rel=1e-5)
    before = params[0].grad.tolist()
    torch.nn.utils.clip_grad_norm_(params[0], 100.0)
    assert params[0].grad.tolist() == before
    assert torch.nn.utils.clip_grad_norm_([], 1.0).item() == 0


def test_clip_grad_norm_can_refuse_what_is_not_finite(torch):
    params = parameters(torch)
    params[0].grad = torch.tensor([float("inf"), 1.0])
    with pytest.raises(RuntimeError, match="The total norm of order 2.0 for gradients from `parameters` is non-finite"):
        torch.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)


def test_clip_grad_value(torch):
    params = parameters(torch)
    torch.nn.utils.clip_grad_value_(params, 3.5)
    assert params[0].grad.tolist() == [3.0, 3.5]


@pytest.mark.jtorch_only
def test_clipping_is_two_operations_whatever_the_number_of_gradients(torch):
    params = [torch.nn.Parameter(torch.zeros(2)) for _ in range(20)]
    for param in params:
        param.grad = torch.ones(2)
    torch.engine.cut()
    before = torch.engine.statistics()["ops_recorded"]
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    torch.engine.cut()
    assert torch.engine.statistics()["ops_recorded"] - before == 2


def test_parameters_as_a_vector(torch):
    layer = torch.nn.Linear(2, 3)
    assert torch.nn.utils.parameters_to_vector(layer.parameters()).shape == (9,)
    torch.nn.utils.vector_to_parameters(torch.arange(9.0), layer.parameters())
    assert layer.weight.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert layer.bias.tolist() == [6.0, 7.0, 8.0]


def test_sequences(torch):
    rnn = torch.nn.utils.rnn
    a, b, c = torch.arange(1.0, 4), torch.arange(4.0, 6), torch.tensor([6.0])
    assert rnn.pad_sequence([a, b, c], batch_first=True).tolist() == [[1, 2, 3], [4, 5, 0], [6, 0, 0]]
    assert rnn.pad_sequence([b, a], True, -1.0, "left").tolist() == [[-1, 4, 5], [1, 2, 3]]
    packed = rnn.pack_sequence([a, b, c])
    assert packed.data.tolist() == [1, 4, 6, 2, 5, 3]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first=True, padding_value=-1, total_length=4)
    assert padded.tolist() == [[1, 2, 3, -1], [4, 5, -1, -1], [6, -1, -1, -1]]
    assert lengths.tolist() == [3, 2, 1]
    assert [s.tolist() for s in rnn.unpack_sequence(packed)] == [[1, 2, 3], [4, 5], [6]]


def test_unsorted_sequences_come_back_in_their_order(torch):
    rnn = torch.nn.utils.rnn
    x = torch.arange(24.0).view(3, 4, 2).requires_grad_()
    packed = rnn.pack_padded_sequence(x, [2, 4, 3], batch_first=True, enforce_sorted=False)
    assert packed.sorted_indices.tolist() == [1, 2, 0]
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first=True)
    assert lengths.tolist() == [2, 4, 3]
    assert padded[0].tolist() == [[0, 1], [2, 3], [0, 0], [0, 0]]
    padded.sum().backward()
    assert x.grad[0].tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]
    with pytest.raises(RuntimeError, match="`lengths` array must be sorted in decreasing order"):
        rnn.pack_padded_sequence(x, [2, 4, 3], batch_first=True)


def test_folded_batch_norm(torch):
    conv, bn = torch.nn.Conv2d(1, 2, 3).eval(), torch.nn.BatchNorm2d(2).eval()
    bn.running_mean.fill_(0.3)
    bn.running_var.fill_(2.0)
    x = torch.randn(1, 1, 5, 5)
    assert torch.allclose(torch.nn.utils.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-6)
    with pytest.raises(AssertionError, match="Fusion only for eval!"):
        torch.nn.utils.fuse_conv_bn_eval(conv.train(), bn)
