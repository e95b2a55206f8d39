"""Training steps as people write them, captured: the same losses and the same parameters as without."""

import copy

import numpy as np
import pytest

import jtorch as torch
from jtorch import nn

STEPS = {}


def program(make):
    STEPS[make.__name__] = make
    return make


@program
def adversarial():
    generator, critic = nn.Linear(6, 6), nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    of_generator, of_critic = (torch.optim.Adam(m.parameters(), 1e-3) for m in (generator, critic))
    criterion = nn.BCEWithLogitsLoss()

    def step(x):
        of_critic.zero_grad()
        z = torch.randn(4, 6)
        real = criterion(critic(x), torch.ones(4, 1)) + criterion(critic(generator(z).detach()), torch.zeros(4, 1))
        real.backward()
        of_critic.step()
        of_generator.zero_grad()
        fake = criterion(critic(generator(z)), torch.ones(4, 1))
        fake.backward()
        of_generator.step()
        return real.detach(), fake.detach()

    return step, [generator, critic]


@program
def teacher_as_a_moving_average():
    model = nn.Linear(6, 3)
    teacher = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(x):
        optimizer.zero_grad()
        loss = ((model(x) - teacher(x + 0.1 * torch.randn_like(x))) ** 2).mean()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for p, q in zip(model.parameters(), teacher.parameters(), strict=True):
                q.mul_(0.9).add_(p, alpha=0.1)
        return loss.detach()

    return step, [model, teacher]


@program
def gradient_penalty():
    critic = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.RMSprop(critic.parameters(), 1e-2)

    def step(x):
        x = x.clone().requires_grad_(True)
        optimizer.zero_grad()
        out = critic(x)
        (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        loss = out.mean() + ((slope.norm(dim=1) - 1) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step, [critic]


@program
def truncated_backpropagation():
    model, head = nn.LSTM(6, 5), nn.Linear(5, 1)
    parameters = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-2)

    class Trainer:
        hidden = None

        def step(self, x):
            optimizer.zero_grad()
            y, hidden = model(x.unsqueeze(1), self.hidden)
            self.hidden = tuple(t.detach() for t in hidden)
            loss = (head(y) ** 2).mean()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            return loss.detach()

    return Trainer().step, [model, head]


@program
def descent_by_hand():
    layer = nn.Linear(6, 2)

    def step(x):
        loss = (layer(x) ** 2).mean()
        loss.backward()
        for p in layer.parameters():
            p.data = p.data - 0.1 * p.grad.data
            p.grad.zero_()
        return loss.detach()

    return step, [layer]


@program
def memory_of_keys():
    model, keys = nn.Linear(6, 4), torch.zeros(8, 4)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(x):
        optimizer.zero_grad()
        found = model(x)
        loss = (found @ keys.clone().T).logsumexp(1).mean() + found.pow(2).mean()
        loss.backward()
        optimizer.step()
        keys.copy_(torch.cat([keys[4:], found.detach()]))
        return loss.detach()

    return step, [model]


@program
def custom_function_under_autocast():
    class Relu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * (x > 0)

    first, second = nn.utils.parametrizations.weight_norm(nn.Linear(6, 8)), nn.Linear(8, 2)
    optimizer = torch.optim.AdamW([*first.parameters(), *second.parameters()], 1e-2)

    def step(x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = second(Relu.apply(first(x))).float().pow(2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step, [first, second]


@program
def scaled_gradients():
    """Some batches overflow: those steps are skipped, and the scale shrinks."""
    model = nn.Linear(6, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
    large = torch.tensor(float("inf"))

    def step(x):
        optimizer.zero_grad()
        x = torch.where(x[0, 0] > 0, x, large)
        loss = model(x).pow(2).mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        return torch.where(loss.isfinite(), loss, -1.0).detach(), scaler._get_scale_async().clone()

    return step, [model]


@program
def average_of_weights():
    model = nn.Linear(6, 3)
    optimizer = torch.optim.Adam(model.parameters(), torch.tensor(0.1))
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_swa_multi_avg_fn(), use_buffers=True
    )

    def step(x):
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        optimizer.step()
        average.update_parameters(model)
        return loss.detach()

    return step, [model, average]


@program
def ensemble_under_vmap():
    models = [nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2)) for _ in range(3)]
    parameters, buffers = torch.func.stack_module_state(models)
    optimizer = torch.optim.SGD(parameters.values(), 0.1)
    stacked = nn.ParameterList(parameters.values())

    def single(parameters, buffers, x):
        return torch.func.functional_call(models[0], (parameters, buffers), (x,))

    def step(x):
        optimizer.zero_grad()
        loss = torch.func.vmap(single, in_dims=(0, 0, None))(parameters, buffers, x).pow(2).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step, [stacked]


@program
def descent_by_functional_gradients():
    model = nn.Linear(6, 3)
    parameters = dict(model.named_parameters())

    def loss(parameters, x):
        return torch.func.functional_call(model, parameters, (x,)).pow(2).mean()

    def step(x):
        slopes = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, x)
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter -= 0.1 * slopes[name].mean(0)
        return loss(parameters, x)

    return step, [model]


@pytest.mark.parametrize("name", STEPS)
def test_step(name):
    before = torch.set_execution("deferred")
    runs = []
    try:
        for captures in (False, True):
            torch.manual_seed(0)
            step, models = STEPS[name]()
            if captures:
                step = torch.capture(step)
            losses = []
            for _ in range(6):
                made = step(torch.randn(4, 6))
                losses.append([loss.item() for loss in (made if isinstance(made, tuple) else (made,))])
            runs.append((losses, [p.detach().numpy().copy() for m in models for p in m.parameters()]))
    finally:
        torch.set_execution(before)
    assert step.recorded == 1
    np.testing.assert_allclose(runs[1][0], runs[0][0], rtol=1e-4, atol=1e-6)
    for a, b in zip(runs[1][1], runs[0][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
