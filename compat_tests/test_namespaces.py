"""Namespaces around the tensors, where there is more to see than a snippet shows: devices that stand in, programs, processes, files."""

import hashlib
import importlib
import subprocess
import sys
import textwrap
import urllib.error

import pytest

import jtorch
from compat_tests.worker import ROOT


def run(program: str, **environment) -> str:
    """What a program prints that is run in a process of its own."""
    import os

    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.jtorch_only
@pytest.mark.parametrize(
    "name",
    """accelerator amp backends backends.cuda backends.cudnn backends.mps compiler cpu cuda cuda.amp cuda.memory cuda.random cuda.streams func
    functional hub jit multiprocessing overrides profiler testing torch_version utils.benchmark utils.checkpoint utils.model_zoo version
    autograd.functional autograd.gradcheck autograd.graph autograd.profiler autograd.variable""".split(),
)
def test_modules_are_found_as_attributes(name):
    """`import torch` is enough: no `import torch.cuda` is needed before `torch.cuda.is_available()`."""
    found = jtorch
    for part in name.split("."):
        found = getattr(found, part)
    if name != "autograd.gradcheck":  # the function of that name stands before the module, as in torch
        assert found is importlib.import_module(f"jtorch.{name}")


@pytest.mark.jtorch_only
def test_a_missing_name_is_named():
    with pytest.raises(AttributeError, match=r"module 'torch' has no attribute 'nonsense'"):
        jtorch.nonsense  # noqa: B018
    assert not hasattr(jtorch, "_nonsense")


CUDA = """
import jtorch as torch
x = torch.ones(2, device="cuda")
print(x.device, x.is_cuda, torch.cuda.device_count(), torch.cuda.current_device())
torch.cuda.set_device(1)
print(torch.ones(1, device="cuda").device, torch.ones(1).cuda().device, torch.ones(1).to("cuda:2").device)
with torch.cuda.device(2):
    print(torch.cuda.current_device(), torch.zeros(1).cuda().device)
print(torch.cuda.current_device(), torch.accelerator.current_accelerator(), torch.accelerator.current_device_index())
torch.cuda.manual_seed_all(3)
first = torch.rand(2, device="cuda")
torch.cuda.manual_seed(3)
print(torch.equal(first, torch.rand(2, device="cuda")), torch.cuda.initial_seed())
state = torch.cuda.get_rng_state()
first = torch.rand(2, device="cuda")
torch.cuda.set_rng_state(state)
print(torch.equal(first, torch.rand(2, device="cuda")))
start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
start.record()
with torch.cuda.stream(torch.cuda.Stream()):
    y = first + 1
end.record()
torch.cuda.current_stream().wait_stream(torch.cuda.Stream())
torch.cuda.synchronize()
print(start.elapsed_time(end) > 0, torch.cuda.memory_allocated() >= 0, torch.cuda.is_bf16_supported())
try:
    torch.cuda.set_device(7)
except RuntimeError as error:
    print(error)
"""


@pytest.mark.jtorch_only
def test_a_stand_in_that_is_not_there():
    program = """
        import jtorch as torch
        for ask in (torch.cuda.is_available, lambda: torch.ones(1, device="cuda")):
            try:
                ask()
            except RuntimeError as error:
                print(error, error.__cause__, error.__suppress_context__)
    """
    told = "JTORCH_CUDA=tpu: JAX finds no tpu here, only cpu. Unset JTORCH_CUDA, or name a platform that is there. None True"
    assert run(program, JTORCH_CUDA="tpu").splitlines() == [told, told]


@pytest.mark.jtorch_only
def test_indices_on_the_cpu():
    """A tensor on a device takes indices and masks from the CPU; one on the CPU takes none from a device."""
    program = """
        import jtorch as torch
        x = torch.arange(6.0, device="cuda").reshape(3, 2)
        x[torch.tensor([0])] = 7.0
        x[torch.tensor([False, False, True])] = torch.ones(1, 2, device="cuda")
        print(x[torch.tensor([2, 0])].tolist(), x[torch.tensor([True, False, False])].device)
        for mistake in (lambda: x.cpu()[torch.tensor([0], device="cuda")], lambda: x.index_put_((torch.tensor([0]),), torch.ones(2))):
            try:
                mistake()
            except RuntimeError as error:
                print("same device" in str(error))
    """
    told = ["[[1.0, 1.0], [7.0, 7.0]] cuda:0", "True", "True"]
    assert run(program, JTORCH_CUDA="cpu").splitlines() == told


@pytest.mark.jtorch_only
def test_cuda_of_a_stand_in():
    """`JTORCH_CUDA=cpu`: three CPU devices answer to cuda."""
    printed = run(CUDA, JTORCH_CUDA="cpu", XLA_FLAGS="--xla_force_host_platform_device_count=3").splitlines()
    assert printed == [
        "cuda:0 True 3 0",
        "cuda:1 cuda:1 cuda:2",
        "2 cuda:2",
        "1 cuda 1",
        "True 3",
        "True",
        "True True True",
        "CUDA error: invalid device ordinal 7: there are 3 such devices",
    ]


@pytest.mark.jtorch_only
def test_compiled_functions_compile_at_first_sight():
    printed = run("""
        import jtorch as torch
        from jtorch.engine import statistics

        def f(x):
            for _ in range(5):
                x = torch.sin(x) + x.mean()
            return x

        x = torch.ones(3)
        before = statistics()["programs_compiled"]
        print(torch.compile(f)(x).sum().item())
        print(statistics()["programs_compiled"] - before, statistics()["ops_run"])
    """)
    assert printed.splitlines()[1] == "1 0"


@pytest.mark.jtorch_only
def test_deterministic_steps_are_one_program_from_the_first():
    printed = run("""
        import jtorch as torch
        from jtorch.engine import statistics

        torch.use_deterministic_algorithms(True)
        x = torch.ones(3)
        for _ in range(3):
            print((x * 2 + 1).sum().item())
        print(statistics()["programs_compiled"], statistics()["ops_run"])
        torch.use_deterministic_algorithms(False)
        print(torch.engine.Settings.execution)
    """)
    assert printed.splitlines()[3:] == ["1 0", "deferred"]


@pytest.mark.jtorch_only
def test_matmul_precision_makes_operations_anew():
    """The programs say how exactly to multiply: visible in them even where the device always computes fully."""
    from jtorch.dispatch import _prims

    def precisions():
        return {str(p.jaxpr).count("precision=(Precision.HIGHEST") for p in _prims.values() if p.name == "mm"}

    a = jtorch.ones(2, 2)
    a @ a
    try:
        jtorch.set_float32_matmul_precision("high")
        a @ a
        assert jtorch.backends.cuda.matmul.allow_tf32
        low = [str(p.jaxpr) for p in _prims.values() if p.name == "mm"]
        assert len(low) == 1
        assert "HIGHEST" not in low[0]
        assert "HIGH" in low[0]
    finally:
        jtorch.set_float32_matmul_precision("highest")
    assert not [p for p in _prims.values() if p.name == "mm"]


# Processes


def _write_number(number, folder):
    with open(f"{folder}/{number}", "w") as file:
        file.write(str(number * number))


def _fail(number):
    if number == 1:
        raise ValueError("the second one fails")


def _exit(number):
    sys.exit(3)


def test_spawn(torch, tmp_path):
    torch.multiprocessing.spawn(_write_number, args=(str(tmp_path),), nprocs=2)
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["0", "1"]


def test_spawn_raises_what_a_process_raised(torch):
    with pytest.raises(torch.multiprocessing.ProcessRaisedException) as raised:
        torch.multiprocessing.spawn(_fail, nprocs=2)
    assert "-- Process 1 terminated with the following error:" in str(raised.value)
    assert "ValueError: the second one fails" in str(raised.value)
    assert raised.value.error_index == 1


def test_spawn_says_how_a_process_ended(torch):
    with pytest.raises(
        torch.multiprocessing.ProcessExitedException, match="process 0 terminated with exit code 3"
    ) as raised:
        torch.multiprocessing.spawn(_exit, nprocs=1)
    assert raised.value.exit_code == 3


# Hub


def _weights(torch, folder, hashed: bool):
    path = folder / "weights.pth"
    torch.save({"w": torch.arange(3)}, path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8] if hashed else "00000000"
    named = folder / f"weights-{prefix}.pth"
    path.rename(named)
    return named


def test_weights_from_a_url_are_kept(torch, tmp_path, capsys):
    torch.hub.set_dir(tmp_path / "hub")
    source = _weights(torch, tmp_path, True)
    loaded = torch.hub.load_state_dict_from_url(source.as_uri(), check_hash=True, progress=False)
    assert loaded["w"].tolist() == [0, 1, 2]
    assert f'Downloading: "{source.as_uri()}"' in capsys.readouterr().out
    source.unlink()
    again = torch.utils.model_zoo.load_url(source.as_uri())
    assert again["w"].tolist() == [0, 1, 2]


def test_weights_with_a_wrong_hash(torch, tmp_path):
    torch.hub.set_dir(tmp_path / "hub")
    source = _weights(torch, tmp_path, False)
    with pytest.raises(RuntimeError, match='invalid hash value .expected "00000000"'):
        torch.hub.load_state_dict_from_url(source.as_uri(), check_hash=True, progress=False)
    assert list((tmp_path / "hub" / "checkpoints").iterdir()) == []


@pytest.mark.jtorch_only
def test_weights_without_a_network(tmp_path):
    with pytest.raises(urllib.error.URLError, match="place the file at"):
        jtorch.hub.load_state_dict_from_url("http://localhost:9/weights.pth", model_dir=tmp_path)


def test_models_of_a_local_folder(torch, tmp_path):
    (tmp_path / "hubconf.py").write_text(
        'dependencies = ["json"]\n\ndef double(n):\n    "Twice n."\n    return 2 * n\n', encoding="utf-8"
    )
    assert torch.hub.list(str(tmp_path), source="local") == ["double"]
    assert torch.hub.help(str(tmp_path), "double", source="local") == "Twice n."
    assert torch.hub.load(str(tmp_path), "double", 4, source="local") == 8
    with pytest.raises(RuntimeError, match="Cannot find callable triple in hubconf"):
        torch.hub.load(str(tmp_path), "triple", source="local")


# Measuring


@pytest.mark.jtorch_only
def test_profile_names_ranges_and_programs(tmp_path):
    from jtorch.profiler import profile, record_function, schedule

    x = jtorch.ones(4)
    with profile() as prof, record_function("mine"):
        x * 2  # nobody holds the result: it is computed for the profile
    rows = {row.key: row for row in prof.key_averages()}
    assert rows["mine"].count == 1
    assert len(rows) == 2
    assert rows["mine"].self_cpu_time_total < rows["mine"].cpu_time_total
    assert "# of Calls" in prof.key_averages().table(sort_by="cpu_time_total", row_limit=1)
    prof.export_chrome_trace(tmp_path / "trace.json")
    assert "mine" in (tmp_path / "trace.json").read_text()

    captured = jtorch.capture(lambda x: x * 2)
    for _ in range(3):
        captured(x)
    with profile() as prof:
        captured(x)
    assert [row.key for row in prof.key_averages()] == ["captured program of 1 operations"]

    rounds = []
    with profile(
        schedule=schedule(wait=1, warmup=1, active=2, repeat=2), on_trace_ready=lambda p: rounds.append(p.step_num)
    ) as prof:
        for _ in range(10):
            (x * 2).sum().item()
            prof.step()
    assert rounds == [4, 8]
    assert jtorch.engine.Settings.observer is None


def test_schedule(torch):
    Action = torch.profiler.ProfilerAction

    steps = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1, skip_first=1)
    assert [steps(i) for i in range(6)] == [
        Action.NONE,
        Action.NONE,
        Action.WARMUP,
        Action.RECORD,
        Action.RECORD_AND_SAVE,
        Action.NONE,
    ]


def test_timer(torch):
    benchmark = torch.utils.benchmark

    x = torch.ones(8)
    timer = benchmark.Timer(
        stmt="y = x + 1\ny.sum()", globals={"x": x}, label="sums", sub_label="8", description="here", num_threads=1
    )
    measured = timer.timeit(5)
    assert measured.number_per_run == 5
    assert measured.mean == measured.median > 0
    assert repr(measured).splitlines()[1:3] == ["sums: 8", "here"]
    assert "1 measurement, 5 runs , 1 thread" in repr(measured)
    blocks = timer.blocked_autorange(min_run_time=0.02)
    assert sum(blocks.raw_times) >= 0.02
    text = str(benchmark.Compare([measured, blocks]))
    assert "sums" in text
    assert "here" in text


@pytest.mark.jtorch_only
def test_timer_computes_results_that_are_dropped():
    before = jtorch.engine.statistics()
    jtorch.utils.benchmark.Timer(stmt="x * 2", globals={"x": jtorch.ones(4)}).timeit(7)
    after = jtorch.engine.statistics()
    runs = sum(after[name] - before[name] for name in ("ops_run", "ops_interpreted", "programs_run"))
    assert runs == 10  # three to warm up


@pytest.mark.jtorch_only
def test_full_memory_of_a_device_is_torchs_error():
    from jtorch import errors

    class Array:
        def devices(self):
            return {type("Device", (), {"platform": "gpu"})()}

    full = RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes.")
    with pytest.raises(jtorch.cuda.OutOfMemoryError, match="CUDA out of memory. RESOURCE_EXHAUSTED"):
        errors.raise_for_device(full, [Array()])
    errors.raise_for_device(RuntimeError("INTERNAL: other"), [Array()])  # says nothing about anything else


@pytest.mark.jtorch_only
def test_nothing_heavy_is_imported_before_it_is_asked_for():
    printed = run("""
        import sys, jtorch
        late = ("cuda", "func", "amp", "backends", "testing", "hub", "jit", "compiler", "multiprocessing", "profiler", "accelerator", "overrides")
        print([m for m in sys.modules if m.startswith("jtorch.") and m.split(".")[1] in late])
    """)
    assert printed.strip() == "[]"
