"""Things that go wrong in a library that computes later, on immutable arrays, and fuses what it was told.

Each test is what a PyTorch user takes for granted. All but those marked `jtorch_only` can be run by PyTorch itself
(`--reference`).
"""

import copy
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import traceback

import numpy as np
import pytest


def mlp(torch, width=16, layers=3, inputs=8, classes=10):
    parts = [torch.nn.Linear(inputs, width), torch.nn.ReLU()]
    for _ in range(layers - 2):
        parts += [torch.nn.Linear(width, width), torch.nn.ReLU()]
    return torch.nn.Sequential(*parts, torch.nn.Linear(width, classes))


def batches(torch, number, size=4, inputs=8, classes=10):
    generator = torch.Generator().manual_seed(1)
    for _ in range(number):
        yield (
            torch.randn(size, inputs, generator=generator),
            torch.randint(classes, (size,), generator=generator),
        )


def train_step(torch, model, optimizer, x, labels):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), labels)
    loss.backward()
    optimizer.step()
    return loss


# Writes through views


def test_augmented_assignment_to_a_slice_changes_the_tensor(torch):
    x = torch.zeros(2, 3)
    x[0, :1] += 1
    assert x.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_adding_to_a_transpose_changes_the_tensor(torch):
    x = torch.arange(6.0).view(2, 3)
    x.t().add_(1)
    assert x.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_assigning_into_a_flat_view_changes_the_tensor(torch):
    x = torch.zeros(2, 2)
    x.view(-1)[0] = 5
    assert x.tolist() == [[5.0, 0.0], [0.0, 0.0]]


def test_a_row_taken_before_a_write_sees_it(torch):
    x = torch.zeros(2, 2)
    row, copied = x[0], x[0].clone()
    x.add_(1)
    assert row.tolist() == [1.0, 1.0]
    assert copied.tolist() == [0.0, 0.0]


def test_a_write_through_a_long_chain_of_views(torch):
    x = torch.zeros(2, 3, 4)
    x.transpose(0, 2)[1:3].unsqueeze(0).squeeze(0).permute(1, 0, 2)[2, 0].mul_(0).add_(7)
    expected = np.zeros((2, 3, 4))
    expected[:, 2, 1] = 7
    assert x.tolist() == expected.tolist()


def test_two_views_that_overlap_see_each_other(torch):
    x = torch.zeros(5)
    left, right = x[:3], x[2:]
    left += 1
    right *= 10
    assert left.tolist() == [1.0, 1.0, 10.0]
    assert x.tolist() == [1.0, 1.0, 10.0, 0.0, 0.0]


def test_a_write_to_an_expanded_tensor_raises(torch):
    x = torch.zeros(3, 1).expand(3, 4)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single memory"):
        x.add_(1)


def test_reshape_of_a_transpose_is_a_copy(torch):
    x = torch.zeros(2, 3)
    x.t().reshape(6)[0] = 1
    assert x.sum().item() == 0


# What was recorded is what was meant at that time


def test_a_write_after_an_operation_does_not_change_its_result(torch):
    x = torch.ones(3)
    y = x + 1
    x.fill_(50)
    z = x + y
    x[0] = -1
    assert y.tolist() == [2.0, 2.0, 2.0]
    assert z.tolist() == [52.0, 52.0, 52.0]


def test_a_list_changed_after_it_was_read(torch):
    values = [1.0, 2.0]
    x = torch.tensor(values)
    y = x * 2
    values[0] = 100.0
    assert y.tolist() == [2.0, 4.0]


def test_an_array_changed_after_an_operation_on_its_tensor(torch):
    a = np.ones(3, dtype=np.float32)
    t = torch.from_numpy(a)
    y = t * 2
    a[:] = 100
    z = t * 2
    assert y.tolist() == [2.0, 2.0, 2.0]
    assert z.tolist() == [200.0, 200.0, 200.0]


def test_an_index_array_changed_after_indexing(torch):
    index = np.array([0, 1])
    x = torch.arange(5.0)
    y, z = x[index], x[torch.from_numpy(index)]
    index[:] = 4
    assert y.tolist() == [0.0, 1.0]
    assert z.tolist() == [0.0, 1.0]


def test_looking_at_values_changes_no_result(torch):
    def losses(looking):
        torch.manual_seed(0)
        model = mlp(torch)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        out = []
        for n, (x, labels) in enumerate(batches(torch, 8)):
            loss = train_step(torch, model, optimizer, x, labels)
            if looking:
                str(loss), str(model[0].weight.grad), x.sum().item()
            if n % 3 == 0 or looking:
                out.append((n, loss.item()))
        return [value for n, value in out if n % 3 == 0]

    np.testing.assert_allclose(losses(False), losses(True), rtol=1e-5)


def test_a_failed_operation_leaves_pending_results_valid(torch):
    x = torch.ones(2, 3)
    y = x * 3
    with pytest.raises(RuntimeError):
        y @ y
    z = y + 1
    assert z.tolist() == [[4.0] * 3] * 2


def test_draws_that_nobody_looks_at_advance_the_stream(torch):
    torch.manual_seed(5)
    torch.rand(3)
    second = torch.rand(3).tolist()
    torch.manual_seed(5)
    first_and_second = torch.rand(6).tolist()
    assert second == first_and_second[3:]


# Memory shared with numpy


def test_a_write_through_a_numpy_alias_is_seen(torch):
    x = torch.zeros(3)
    alias = x.numpy()
    alias[1] = 5
    assert x.tolist() == [0.0, 5.0, 0.0]
    assert (x * 2).tolist() == [0.0, 10.0, 0.0]


def test_a_write_to_the_tensor_is_seen_through_a_numpy_alias(torch):
    x = torch.zeros(3)
    alias = x.numpy()
    x.add_(1)
    assert alias.tolist() == [1.0, 1.0, 1.0]
    x[0] = 9
    x.view(3, 1)[2] += 1
    assert alias.tolist() == [9.0, 1.0, 2.0]


def test_a_numpy_alias_made_after_a_deferred_read(torch):
    x = torch.ones(3)
    before = x * 10
    x += 1
    alias = x.numpy()
    between = x * 10
    alias[0] = 7
    after = x * 10
    x += 1
    assert before.tolist() == [10.0, 10.0, 10.0]
    assert between.tolist() == [20.0, 20.0, 20.0]
    assert after.tolist() == [70.0, 20.0, 20.0]
    assert alias.tolist() == [8.0, 3.0, 3.0]


def test_from_numpy_shares_both_ways(torch):
    a = np.zeros((2, 2))
    t = torch.from_numpy(a)
    a[0, 0] = 1
    t[1, 1] = 2
    t.t()[0, 1] = 3
    assert t.tolist() == [[1.0, 0.0], [3.0, 2.0]]
    assert a.tolist() == [[1.0, 0.0], [3.0, 2.0]]


def test_an_alias_of_which_only_a_slice_is_kept(torch):
    x = torch.zeros(4)
    part = x.numpy()[1:3]
    x.fill_(2)
    assert part.tolist() == [2.0, 2.0]
    part[0] = 8
    assert x.tolist() == [2.0, 8.0, 2.0, 2.0]


def test_an_alias_of_a_transposed_view(torch):
    x = torch.arange(6.0).view(2, 3)
    alias = x.t().numpy()
    alias[2, 0] = 50
    x[1] = -1
    assert x.tolist() == [[0.0, 1.0, 50.0], [-1.0, -1.0, -1.0]]
    assert alias.tolist() == [[0.0, -1.0], [1.0, -1.0], [50.0, -1.0]]


def test_an_alias_of_a_parameter_follows_training(torch):
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    alias = model.weight.detach().numpy()
    before = alias.copy()
    for _ in range(5):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(alias, before - 2.5, rtol=1e-5)
    alias[:] = 0
    assert model(torch.ones(1, 2)).item() == model.bias.item()


def test_a_numpy_alias_in_a_gradient(torch):
    x = torch.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    x.grad.numpy()[0] = 100
    assert x.grad.tolist() == [100.0, 3.0]


# Autograd and mutation


def test_writing_to_the_input_of_exp_is_legal(torch):
    a = torch.zeros(2, requires_grad=True) * 1
    a.retain_grad()
    y = a.exp()
    a.add_(5)
    y.sum().backward()
    assert y.tolist() == [1.0, 1.0]


def test_writing_to_the_result_of_exp_raises(torch):
    a = torch.zeros(2, requires_grad=True)
    y = a.exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match="one of the variables needed for gradient computation has been modified"):
        y.sum().backward()


def test_writing_to_a_saved_input_of_mul_raises(torch):
    a = torch.ones(2, requires_grad=True)
    b = torch.ones(2)
    y = a * b
    b.mul_(2)
    with pytest.raises(RuntimeError, match=r"is at version 1; expected version 0 instead"):
        y.sum().backward()


def test_writing_to_an_input_that_is_not_saved_is_legal(torch):
    a = torch.ones(2, requires_grad=True)
    b = torch.ones(2)
    y = a + b
    b.mul_(2)
    y.sum().backward()
    assert a.grad.tolist() == [1.0, 1.0]


def test_a_write_through_a_view_counts_for_the_saved_base(torch):
    a = torch.ones(2, requires_grad=True)
    b = torch.ones(2)
    y = a * b
    b[:1].zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_relu_in_place_on_a_batch_norm_output(torch):
    norm = torch.nn.BatchNorm1d(2)
    x = torch.tensor([[1.0, 2.0], [3.0, 1.0]], requires_grad=True)
    torch.relu_(norm(x)).sum().backward()
    assert norm.bias.grad.tolist() == [1.0, 1.0]


def test_an_edit_through_data_is_not_noticed(torch):
    x = torch.tensor([[1.0, 2.0]])
    w1 = torch.tensor([[2.0], [1.0]], requires_grad=True)
    w2 = torch.tensor([3.0], requires_grad=True)
    d = torch.matmul(x, w1)
    f = torch.matmul(d, w2)
    d.data[:] = 1
    f.backward()
    assert w2.grad.tolist() == [1.0]
    assert w1.grad.tolist() == [[3.0], [6.0]]


def test_an_edit_through_detach_raises(torch):
    x = torch.tensor([[1.0, 2.0]])
    w1 = torch.tensor([[2.0], [1.0]], requires_grad=True)
    w2 = torch.tensor([3.0], requires_grad=True)
    d = torch.matmul(x, w1)
    f = torch.matmul(d, w2)
    d.detach()[:] = 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        f.backward()


def test_gradients_through_writes_into_views_of_a_result(torch):
    x = torch.arange(6.0, requires_grad=True)
    y = x.view(2, 3) * 2
    column = y.t()[1]
    column.mul_(10)
    y[0, :1] = x[5]
    assert "grad_fn=<CopySlices>" in str(y)
    assert y.tolist() == [[5.0, 20.0, 4.0], [6.0, 80.0, 10.0]]
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 20.0, 2.0, 2.0, 20.0, 3.0]


def test_a_view_made_before_a_write_has_the_new_history(torch):
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    part = y[1:]
    y.mul_(torch.tensor([2.0, 3.0, 4.0]))
    assert part.tolist() == [3.0, 4.0]
    part.sum().backward()
    assert x.grad.tolist() == [0.0, 3.0, 4.0]


def test_a_loop_that_fills_a_buffer_row_by_row(torch):
    h = torch.ones(2, requires_grad=True)
    out = torch.zeros(4, 2)
    state = h
    for t in range(4):
        state = state * 2
        out[t] = state
    out.sum().backward()
    assert out[:, 0].tolist() == [2.0, 4.0, 8.0, 16.0]
    assert h.grad.tolist() == [30.0, 30.0]


def test_an_error_in_a_hook_leaves_everything_valid(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2

    def fail(grad):
        raise ValueError("from the hook")

    handle = y.register_hook(fail)
    with pytest.raises(ValueError, match="from the hook"):
        y.sum().backward(retain_graph=True)
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_grad_stays_the_same_object_while_it_accumulates(torch):
    x = torch.ones(2, requires_grad=True)
    x.sum().backward()
    held = x.grad
    for _ in range(4):
        (x * 2).sum().backward()
    assert held is x.grad
    assert held.tolist() == [9.0, 9.0]


# Training steps


def test_a_label_out_of_range_raises_and_training_goes_on(torch):
    model = mlp(torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    good = list(batches(torch, 8))
    for x, labels in good[:5]:  # by now the step is one program
        train_step(torch, model, optimizer, x, labels)
    with pytest.raises(IndexError, match="Target 10 is out of bounds."):
        train_step(torch, model, optimizer, good[5][0], torch.tensor([0, 1, 10, 3])).item()
    losses = [train_step(torch, model, optimizer, x, labels).item() for x, labels in good[5:]]
    assert np.isfinite(losses).all()
    assert all(p.isfinite().all() for p in model.parameters())


def test_a_negative_label_raises(torch):
    with pytest.raises(IndexError, match="Target -1 is out of bounds."):
        torch.nn.functional.cross_entropy(torch.zeros(1, 3), torch.tensor([-1])).item()


def test_an_embedding_index_out_of_range_raises(torch):
    table = torch.nn.Embedding(3, 2)
    with pytest.raises(IndexError, match="index out of range in self"):
        table(torch.tensor([0, 3])).sum().item()


def test_an_index_tensor_out_of_range_raises(torch):
    x = torch.zeros(3)
    with pytest.raises(IndexError, match="index 3 is out of bounds for dimension 0 with size 3"):
        x[torch.tensor([0, 3])].sum().item()
    with pytest.raises(RuntimeError, match="index 5 is out of bounds for dimension 0 with size 3"):
        torch.gather(x, 0, torch.tensor([5])).sum().item()


def test_batch_norm_statistics_of_repeated_steps(torch):
    norm = torch.nn.BatchNorm1d(2)
    model = torch.nn.Sequential(norm, torch.nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    mean, var = np.zeros(2), np.ones(2)
    rng = np.random.default_rng(0)
    for n in range(1, 9):
        data = rng.normal(size=(6, 2)).astype(np.float32)
        optimizer.zero_grad()
        model(torch.from_numpy(data)).pow(2).mean().backward()
        optimizer.step()
        mean = 0.9 * mean + 0.1 * data.mean(0)
        var = 0.9 * var + 0.1 * data.var(0, ddof=1)
        assert norm.num_batches_tracked.item() == n
    np.testing.assert_allclose(norm.running_mean.numpy(), mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(norm.running_var.numpy(), var, rtol=1e-5)


def test_batch_norm_statistics_seen_only_at_the_end(torch):
    norm = torch.nn.BatchNorm1d(1)
    optimizer = torch.optim.SGD(norm.parameters(), lr=0.1)
    for _ in range(10):
        optimizer.zero_grad()
        norm(torch.tensor([[1.0], [3.0]])).pow(2).sum().backward()
        optimizer.step()
    norm.eval()
    norm(torch.ones(1, 1))
    assert norm.num_batches_tracked.item() == 10
    np.testing.assert_allclose(norm.running_mean.item(), 2 * (1 - 0.9**10), rtol=1e-5)


def test_dropout_differs_each_step_and_follows_the_seed(torch):
    def masks():
        torch.manual_seed(3)
        layer = torch.nn.Linear(64, 64)
        model = torch.nn.Sequential(layer, torch.nn.Dropout(0.5))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        out = []
        for _ in range(7):
            optimizer.zero_grad()
            y = model(torch.ones(1, 64))
            y.sum().backward()
            optimizer.step()
            out.append(tuple((y == 0).view(-1).tolist()))
        return out

    first, second = masks(), masks()
    assert first == second
    assert len(set(first)) == 7
    assert all(16 < sum(mask) < 48 for mask in first)


def test_dropout_of_backward_is_that_of_forward(torch):
    for _ in range(6):
        x = torch.ones(50, requires_grad=True)
        y = torch.nn.functional.dropout(x, 0.4)
        y.sum().backward()
        assert x.grad.tolist() == y.tolist()


def test_a_changed_learning_rate_takes_effect(torch):
    p = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([p], lr=1.0)
    seen = []
    for n in range(8):
        optimizer.param_groups[0]["lr"] = 0.5**n
        p.grad = torch.ones(1)
        optimizer.step()
        seen.append(p.item())
    np.testing.assert_allclose(seen, -np.cumsum(0.5 ** np.arange(8)), rtol=1e-6)


def test_a_state_dict_is_shared_and_a_copy_is_not(torch):
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    shared = model.state_dict()
    kept = {name: value.clone() for name, value in shared.items()}
    before = model.bias.item()
    for _ in range(5):
        optimizer.zero_grad()
        model(torch.ones(1, 1)).backward()
        optimizer.step()
    np.testing.assert_allclose(shared["bias"].item(), before - 5, rtol=1e-5)
    assert kept["bias"].item() == before


def test_a_pickled_view_is_a_plain_tensor(torch):
    x = torch.arange(6.0).view(2, 3)
    rebuild, arguments = x[1:].t().__reduce_ex__(2)[:2]
    assert rebuild is torch._utils._rebuild_tensor_v2
    assert arguments[1:4] == (3, (3, 1), (1, 3))


def test_deepcopy_of_a_module_in_training(torch):
    model = mlp(torch)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    data = list(batches(torch, 8))
    for x, labels in data[:5]:
        train_step(torch, model, optimizer, x, labels)
    twin = copy.deepcopy(model)
    frozen = [p.detach().clone() for p in model.parameters()]
    for x, labels in data[5:]:
        train_step(torch, model, optimizer, x, labels)
    assert all(torch.equal(p, f) for p, f in zip(twin.parameters(), frozen, strict=True))
    assert not any(torch.equal(p, f) for p, f in zip(model.parameters(), frozen, strict=True))
    assert all(p.is_leaf and p.requires_grad for p in twin.parameters())


def test_a_branch_that_depends_on_data(torch):
    x = torch.ones(1, requires_grad=True)
    seen = []
    y = x
    for _ in range(6):
        y = y * 3 if y.item() < 10 else y - 20
        seen.append(y.item())
    y.backward()
    assert seen == [3.0, 9.0, 27.0, 7.0, 21.0, 1.0]
    assert x.grad.item() == 81.0


def test_counters_and_hooks_run_each_step(torch):
    model = torch.nn.Linear(2, 2)
    calls = []
    model.register_forward_hook(lambda module, inputs, output: calls.append("forward"))
    model.weight.register_hook(lambda grad: calls.append("gradient"))
    for _ in range(6):
        model(torch.ones(1, 2)).sum().backward()
    assert calls == ["forward", "gradient"] * 6


def test_weight_clipping_between_steps(torch):
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=5.0)
    for _ in range(6):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        for p in model.parameters():
            p.data.clamp_(-0.1, 0.1)
    np.testing.assert_allclose(model.weight.tolist(), [[-0.1, -0.1]], rtol=1e-6)


def test_gradient_accumulation_equals_the_big_batch(torch):
    def trained(parts):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x = torch.arange(12.0).view(4, 3) / 10
        for _ in range(6):
            optimizer.zero_grad()
            for chunk in x.chunk(parts):
                (model(chunk).pow(2).sum() / 4).backward()
            optimizer.step()
        return model.weight.tolist()

    np.testing.assert_allclose(trained(1), trained(4), rtol=1e-5)


# Threads and interrupts


def test_two_threads_train_two_models(torch):
    def train(seed):
        generator = torch.Generator().manual_seed(seed)
        w = torch.randn(8, 8, generator=generator).requires_grad_()
        optimizer = torch.optim.SGD([w], lr=0.01, momentum=0.9)
        for _ in range(20):
            optimizer.zero_grad()
            (w @ w.t()).tanh().sum().backward()
            optimizer.step()
        return w.detach().clone()

    alone = [train(seed) for seed in (1, 2)]
    together = [None, None]

    def work(place):
        together[place] = train(place + 1)

    threads = [threading.Thread(target=work, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4)


def test_a_result_of_one_thread_is_read_in_another(torch):
    results = {}

    def make():
        x = torch.arange(4.0)
        results["y"] = (x * 2 + 1).view(2, 2)
        results["grad"] = torch.is_grad_enabled()

    with torch.no_grad():
        thread = threading.Thread(target=make)
        thread.start()
        thread.join(60)
    assert results["y"].tolist() == [[1.0, 3.0], [5.0, 7.0]]
    assert results["grad"]  # grad mode is each thread's own


def test_many_threads_look_at_one_pending_result(torch):
    x = torch.arange(100.0)
    for _ in range(5):
        y = (x * 3).sin().sum()
        seen = []
        threads = [threading.Thread(target=lambda y=y, seen=seen: seen.append(y.item())) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(seen) == 6 and len(set(seen)) == 1


INTERRUPTED = """
import os, random, signal, sys, threading, time
import {library} as torch

torch.manual_seed(0)
random.seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(16, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(32, 4)
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x, labels = torch.randn(8, 16), torch.randint(4, (8,))

def step():
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), labels)
    loss.backward()
    optimizer.step()
    return loss

for _ in range(6):
    step()
caught = 0
for attempt in range(40):
    timer = threading.Timer(random.uniform(0, 0.03), os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            step()
    except KeyboardInterrupt:
        caught += 1
    timer.join()
    torch.save({{"model": model.state_dict(), "optimizer": optimizer.state_dict()}}, sys.argv[1])
    checkpoint = torch.load(sys.argv[1])
    for name, value in checkpoint["model"].items():
        assert value.isfinite().all(), name
    for state in checkpoint["optimizer"]["state"].values():
        assert all(value.isfinite().all() for value in state.values())
    step()
model.load_state_dict(checkpoint["model"])
optimizer.load_state_dict(checkpoint["optimizer"])
losses = [step().item() for _ in range(50)]
assert losses[-1] < losses[0] + 0.1, losses
print("caught", caught)
"""


def test_ctrl_c_in_a_training_step(torch, tmp_path):
    script = textwrap.dedent(INTERRUPTED).format(library=torch.__name__)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "model.pt")], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # An interrupt that falls into a finaliser is reported by Python and dropped: rare, and not the library's doing.
    assert int(done.stdout.split()[-1]) >= 36, done.stdout + done.stderr[-3000:]


@pytest.mark.jtorch_only
def test_ctrl_c_stops_a_long_run_of_recorded_operations(torch):
    eye = torch.eye(400)
    x = eye
    for _ in range(300):
        x = x @ eye
    before = torch.engine.statistics()["ops_run"]
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        x.sum().item()
        timer.join()
    assert torch.engine.statistics()["ops_run"] - before < 300
    assert x.sum().item() == 400.0  # nothing is lost: it runs again


def test_threads_fill_rows_of_one_tensor(torch):
    x = torch.zeros(4, 3)

    def fill(row):
        for _ in range(30):
            x[row] += 1

    threads = [threading.Thread(target=fill, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert x.tolist() == [[30.0] * 3] * 4


def test_the_message_of_an_error_is_the_last_line_of_its_traceback(torch):
    with pytest.raises(RuntimeError) as caught:
        torch.ones(3, 4) @ torch.ones(5, 2)
    last = traceback.format_exception(caught.value)[-1]
    assert last == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x4 and 5x2)\n"


# Memory


@pytest.mark.jtorch_only
def test_what_only_recorded_operations_need_is_not_kept_for_long(torch):
    total = torch.zeros(())
    before = torch.engine.statistics()["flushes"]
    for n in range(100):
        total += torch.from_numpy(np.full(1 << 20, n, np.float32)).sum()
    assert torch.engine.statistics()["flushes"] >= before + 2  # 400 MB went through
    assert total.item() == sum(range(100)) << 20


# What is compiled, and how often


def compiled(jtorch) -> int:
    statistics = jtorch.engine.statistics()
    return statistics["programs_compiled"] + statistics["ops_compiled"]


CHANGING = {
    "int factor": (lambda torch, x, n: x * n - n, lambda x, n: x * n - n),
    "float factor": (lambda torch, x, n: x / (n + 1.5) + 0.1 * n, lambda x, n: x / (n + 1.5) + 0.1 * n),
    "int index": (lambda torch, x, n: x[n] * 2, lambda x, n: x[n] * 2),
    "slice start": (lambda torch, x, n: x[n : n + 4].sum(), lambda x, n: x[n : n + 4].sum()),
    "assigned index": (lambda torch, x, n: x.index_fill(0, torch.tensor([n]), -1.0), None),
    "clamp bounds": (
        lambda torch, x, n: torch.clamp(x, min=n, max=2 * n + 0.5),
        lambda x, n: np.clip(x, n, 2 * n + 0.5),
    ),
    "roll": (lambda torch, x, n: x.roll(n), np.roll),
    "narrow": (lambda torch, x, n: x.narrow(0, n, 3), lambda x, n: x[n : n + 3]),
    "full": (lambda torch, x, n: torch.full((4,), n * 0.5) + x[:4], lambda x, n: n * 0.5 + x[:4]),
    "addcmul value": (lambda torch, x, n: torch.addcmul(x, x, x, value=n / 2), lambda x, n: x + n / 2 * x * x),
    "lerp weight": (lambda torch, x, n: torch.lerp(x, 2 * x, n / 10), lambda x, n: x + n / 10 * x),
    "tensor of a number": (lambda torch, x, n: x + torch.tensor(n), lambda x, n: x + n),
    "masked_fill value": (lambda torch, x, n: x.masked_fill(x > 5, n), lambda x, n: np.where(x > 5, n, x)),
    "comparison": (lambda torch, x, n: (x > n).sum(), lambda x, n: (x > n).sum()),
    "arange bounds": (lambda torch, x, n: torch.arange(n, n + 4) + 1, lambda x, n: np.arange(n, n + 4) + 1),
}


@pytest.mark.jtorch_only
@pytest.mark.parametrize("name", CHANGING)
def test_numbers_that_change_compile_nothing_new(torch, name):
    operation, definition = CHANGING[name]
    x = torch.arange(64.0)
    counts = []
    for n in range(12):
        y = (operation(torch, x, n) + 1).tolist()
        if definition is not None:
            np.testing.assert_allclose(y, definition(np.arange(64.0), n) + 1, rtol=1e-5)
        counts.append(compiled(torch))
    assert counts[-1] == counts[5], counts


@pytest.mark.jtorch_only
def test_writing_at_an_index_that_changes_compiles_nothing_new(torch):
    buffer = torch.zeros(64, 2)
    counts = []
    for n in range(12):
        buffer[n] = torch.ones(2) * n
        buffer[n : n + 4] += 0.5
        buffer[2 * n, 1] = -1
        buffer.sum().item()
        counts.append(compiled(torch))
    expected = np.zeros((64, 2))
    for n in range(12):
        expected[n] = n
        expected[n : n + 4] += 0.5
        expected[2 * n, 1] = -1
    np.testing.assert_allclose(buffer.numpy(), expected)
    assert counts[-1] == counts[5], counts


@pytest.mark.jtorch_only
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_from_the_fourth_step_on_nothing_compiles(torch, name):
    model = mlp(torch)
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.1)
    data = torch.randn(64, 8)
    targets = torch.randint(10, (64,))
    counts = []
    for step in range(12):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 / (step + 1)
        offset = 4 * step
        loss = train_step(torch, model, optimizer, data[offset : offset + 4], targets[offset : offset + 4])
        (loss * step).item()
        counts.append(compiled(torch))
    assert counts[-1] == counts[3], counts


@pytest.mark.jtorch_only
def test_from_the_fourth_step_on_nothing_compiles_with_gradients_that_are_zeroed(torch):
    model = mlp(torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    counts, objects = [], []
    for n, (x, labels) in enumerate(batches(torch, 12)):
        objects.append([object() for _ in range(7 * n % 5)])  # memory addresses, and what is sorted by them, change
        optimizer.zero_grad(set_to_none=False)
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        counts.append(compiled(torch))
    assert counts[-1] == counts[3], counts


@pytest.mark.jtorch_only
def test_from_the_fourth_step_on_nothing_compiles_with_batch_norm_dropout_and_schedule(torch):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Dropout(0.3),
        torch.nn.Flatten(), torch.nn.Linear(36, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    counts = []
    for _ in range(12):
        x, labels = torch.randn(4, 1, 8, 8), torch.randint(10, (4,))
        train_step(torch, model, optimizer, x, labels)
        schedule.step()
        counts.append(compiled(torch))
    assert counts[-1] == counts[3], counts


@pytest.mark.jtorch_only
def test_a_loop_that_sometimes_looks_compiles_few_programs(torch):
    model = mlp(torch)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    kept, logged = [], []
    data = itertools.cycle(list(batches(torch, 10)))
    start = torch.engine.statistics()["programs_compiled"]
    counts = []
    for n in range(400):
        x, labels = next(data)
        optimizer.zero_grad()
        hidden = model[:2](x)
        out = model[2:](hidden)
        loss = torch.nn.functional.cross_entropy(out, labels)
        loss.backward()
        optimizer.step()
        if n % 5 == 0:
            logged.append(loss.item())
        if n % 7 == 0:
            kept.append(hidden.detach())
        if n % 11 == 0:
            model.eval()
            with torch.no_grad():
                logged.append((model(x).argmax(1) == labels).float().mean().item())
            model.train()
        if n % 17 == 0:
            str(model[0].weight.grad.norm())
        counts.append(torch.engine.statistics()["programs_compiled"] - start)
    assert counts[-1] <= 16, counts
    assert counts[-1] == counts[300], counts
    assert np.isfinite(logged).all() and all(h.isfinite().all() for h in kept)


@pytest.mark.jtorch_only
def test_repeated_steps_run_as_one_program(torch):
    model = mlp(torch)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    data = list(batches(torch, 10))
    for x, labels in data[:5]:
        train_step(torch, model, optimizer, x, labels)
    before = torch.engine.statistics()
    for x, labels in data[5:]:
        train_step(torch, model, optimizer, x, labels)
    after = torch.engine.statistics()
    assert after["ops_run"] == before["ops_run"]
    assert after["programs_run"] - before["programs_run"] <= 2 * 5


@pytest.mark.jtorch_only
def test_rows_of_an_iteration_share_their_programs(torch):
    counts = torch.zeros(10, 10, dtype=torch.int64)
    true, predicted = torch.randint(0, 10, (40,)), torch.randint(0, 10, (40,))
    start = compiled(torch)
    for t, p in zip(true, predicted.view(-1), strict=True):
        counts[t.long(), p.long()] += 1
    for piece in true.split(4):
        counts.view(-1)[0] += piece.max()
    assert counts.sum().item() == 40 + sum(piece.max().item() for piece in true.split(4))
    assert compiled(torch) - start <= 20, "a program for every row"


@pytest.mark.jtorch_only
def test_steps_without_an_optimizer_are_compiled_once(torch):
    x, y = torch.randn(60, 3), torch.randn(60, 1)
    w, b = torch.randn(3, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    counts = []
    for n in range(40):
        rows = slice(n % 6 * 10, n % 6 * 10 + 10)
        ((x[rows] @ w + b - y[rows]) ** 2).mean().backward()
        with torch.no_grad():
            for p in (w, b):
                p -= 0.1 * p.grad
                p.grad.zero_()
        counts.append(compiled(torch))
    assert counts[-1] == counts[8], counts
    before = torch.engine.statistics()["ops_run"]
    assert torch.isfinite(w).all()
    assert torch.engine.statistics()["ops_run"] - before <= 60, "nothing had been run until somebody looked"


def test_fused_operations_round_to_bfloat16(torch):
    x = torch.linspace(0.1, 1, 12).bfloat16()
    for _ in range(3):  # op by op, then as one program
        y = x / x.norm()
        fused = (y * 3).float().numpy()  # y rounds before it is multiplied, though nobody looks at it
        apart = torch.tensor(y.float().numpy() * 3).bfloat16().float().numpy()
        assert (fused == apart).all()
