"""Every learning rate schedule has PyTorch's values, state and warnings."""

import json
import warnings

import pytest

from compat_tests.optim.record import SCHEDULES_FILE
from compat_tests.optim.rows import SCHEDULES, run_schedule

RECORDED = json.loads(SCHEDULES_FILE.read_text())


def check(expected, seen):
    assert seen["state"] == expected["state"]
    for expected_rates, rates in zip(expected["epochs"], seen["epochs"], strict=True):
        assert rates == pytest.approx(expected_rates, rel=1e-15, abs=0)


@pytest.mark.parametrize("row", SCHEDULES)
def test_rates(torch, row):
    check(RECORDED[row], run_schedule(torch, row))


@pytest.mark.reference
@pytest.mark.parametrize("row", SCHEDULES)
def test_recorded_is_what_pytorch_does(row):
    import torch

    check(RECORDED[row], run_schedule(torch, row))


def optimizer_of(torch, **options):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], **{"lr": 0.1, **options})


def test_a_schedule_resumes(torch):
    schedules = torch.optim.lr_scheduler
    optimizer = optimizer_of(torch)
    scheduler = schedules.CosineAnnealingLR(optimizer, 10)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    again = optimizer_of(torch)
    resumed = schedules.CosineAnnealingLR(again, 10)
    again.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    for either, schedule in ((optimizer, scheduler), (again, resumed)):
        either.step()
        schedule.step()
    assert resumed.get_last_lr() == scheduler.get_last_lr()


def test_functions_are_not_saved_and_objects_are(torch):
    class Decay:
        def __init__(self):
            self.rate = 0.5

        def __call__(self, epoch):
            return self.rate**epoch

    schedules = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([{"params": [torch.zeros(1)]}, {"params": [torch.zeros(1)]}], lr=1.0)
    scheduler = schedules.LambdaLR(optimizer, [lambda epoch: 1.0, Decay()])
    state = scheduler.state_dict()
    assert state["lr_lambdas"] == [None, {"rate": 0.5}]
    state["lr_lambdas"][1]["rate"] = 0.25
    scheduler.load_state_dict(state)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [1.0, 0.25]


def test_a_rate_that_is_a_tensor_is_filled(torch):
    rate = torch.tensor(0.1)
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == pytest.approx(0.05)


def test_warnings(torch):
    schedules = torch.optim.lr_scheduler
    scheduler = schedules.StepLR(optimizer_of(torch), 2)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
    with pytest.warns(UserWarning, match="To get the last learning rate computed by the scheduler"):
        scheduler.get_lr()
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step"):
        scheduler.step(5)
    assert scheduler.get_last_lr() == pytest.approx([0.001])


@pytest.mark.jtorch_only
def test_verbose_is_still_accepted(torch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning, match="The verbose parameter is deprecated"):
            torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer_of(torch), "max", patience=5, verbose=True)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda s, o: s.StepLR(3, 4), "int is not an Optimizer"),
        (lambda s, o: s.ReduceLROnPlateau(o, factor=2.0), "Factor should be < 1.0."),
        (lambda s, o: s.ReduceLROnPlateau(o, mode="x"), "mode x is unknown!"),
        (lambda s, o: s.OneCycleLR(o, 0.1), r"You must define either total_steps OR \(epochs AND steps_per_epoch\)"),
        (lambda s, o: s.CosineAnnealingWarmRestarts(o, 3.5), "Expected positive integer T_0, but got 3.5"),
        (lambda s, o: s.LambdaLR(o, []), "Expected 1 lr_lambdas, but got 0"),
        (lambda s, o: s.StepLR(o, 4, last_epoch=3), "param 'initial_lr' is not specified in param_groups"),
        (
            lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1)], [3, 10]),
            "Sequential Schedulers expects number of schedulers provided to be one more",
        ),
    ],
)
def test_errors(torch, make, text):
    with pytest.raises((TypeError, ValueError, KeyError), match=text):
        make(torch.optim.lr_scheduler, optimizer_of(torch))


def test_stepping_beyond_a_cycle_raises(torch):
    optimizer = optimizer_of(torch)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=3, cycle_momentum=False)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match="Tried to step 4 times. The specified number of total steps is 3"):
        scheduler.step()


def test_averages(torch):
    model = torch.nn.Linear(1, 1, bias=False)
    swa = torch.optim.swa_utils.AveragedModel(model)
    ema = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    for value in (1.0, 3.0, 8.0):
        torch.nn.init.constant_(model.weight, value)
        swa.update_parameters(model)
        ema.update_parameters(model)
    assert swa.module.weight.item() == pytest.approx(4.0)
    assert ema.module.weight.item() == pytest.approx(0.9 * 1.2 + 0.8)
    assert swa.n_averaged.item() == 3
    assert torch.allclose(swa(torch.ones(1, 1)), torch.full((1, 1), 4.0))


def test_batch_norm_statistics_of_an_average(torch):
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(1))
    torch.optim.swa_utils.update_bn([torch.tensor([[1.0], [3.0]]), (torch.tensor([[3.0], [5.0]]),)], model)
    assert model[0].running_mean.item() == pytest.approx(3.0)
    assert model[0].momentum == 0.1


def test_swa_rate(torch):
    optimizer = optimizer_of(torch)
    scheduler = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    rates = []
    for _ in range(4):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.1, 0.3, 0.5, 0.5])
