"""Names of torch that are found when somebody asks for them: `import jtorch` reads none of these files."""

import importlib

# Modules under their own name.
MODULES = frozenset(
    """_C __config__ _dynamo _higher_order_ops _ops accelerator amp backends compiler cpu cuda determinism distributed distributions func functional futures fx hub jit library masked multiprocessing onnx overrides precision profiler quasirandom
    signal sparse testing threads torch_version types version""".split()
)

# Module -> what torch itself shows of it.
_SHOWN = {
    "subclass": "DisableTorchFunction DisableTorchFunctionSubclass",
    "amp": """autocast GradScaler is_autocast_enabled set_autocast_enabled get_autocast_dtype set_autocast_dtype is_autocast_cache_enabled
        set_autocast_cache_enabled clear_autocast_cache get_autocast_cpu_dtype get_autocast_gpu_dtype is_autocast_cpu_enabled
        set_autocast_cpu_enabled set_autocast_cpu_dtype set_autocast_gpu_dtype autocast_increment_nesting autocast_decrement_nesting""",
    "amp.older_names": """get_autocast_ipu_dtype get_autocast_xla_dtype is_autocast_ipu_enabled is_autocast_xla_enabled set_autocast_ipu_dtype
        set_autocast_ipu_enabled set_autocast_xla_dtype set_autocast_xla_enabled""",
    "autograd.anomaly": "is_anomaly_enabled is_anomaly_check_nan_enabled set_anomaly_enabled",
    "capturing": "CaptureError capture cond scan while_loop",
    "checks": """_assert _assert_async _check _check_index _check_is_size _check_not_implemented _check_tensor_all _check_tensor_all_with _check_type _check_value _check_with""",
    "compiler": "compile",
    "cuda.streams": "Event Stream",
    "determinism": """use_deterministic_algorithms are_deterministic_algorithms_enabled is_deterministic_algorithms_warn_only_enabled
        set_deterministic_debug_mode get_deterministic_debug_mode""",
    "errors": "OutOfMemoryError AcceleratorError",
    "flax_modules": "from_flax to_flax",
    "func": "vmap",
    "futures": "Future fork wait",
    "jit.annotations": "TensorType",
    "jit.scripted": "ScriptFunction ScriptModule",
    "numerics": "set_float32_matmul_precision get_float32_matmul_precision set_flush_denormal set_warn_always is_warn_always_enabled",
    "sampling": "binomial _standard_gamma _standard_gamma_grad _sample_dirichlet _dirichlet_grad",
    "serialization.file_reader": "PyTorchFileReader",
    "sparse.construction": """sparse_coo_tensor _sparse_coo_tensor_unsafe sparse_compressed_tensor sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor
        sparse_bsc_tensor""",
    "sparse.access": "ccol_indices_copy col_indices_copy crow_indices_copy indices_copy row_indices_copy values_copy",
    "sparse.inplace": "resize_as_sparse_",
    "sparse.products": "hsmm hspmm saddmm smm sspaddmm",
    "symbolic": "SymBool SymFloat SymInt sym_constrain_range sym_constrain_range_for_size",
    "threads": "get_num_threads set_num_threads get_num_interop_threads set_num_interop_threads",
}
NAMES = {name: module for module, names in _SHOWN.items() for name in names.split()}


def find(name: str):
    """An attribute of `jtorch` that nobody has asked for yet; torch's AttributeError where there is none."""
    import jtorch

    if name == "torch":  # the package is in its own namespace, as in torch: `torch.torch.Tensor`
        return jtorch
    if name in MODULES:
        return importlib.import_module(f"jtorch.{name}")
    module = NAMES.get(name)
    if module is None and name.startswith("_foreach_"):
        module = "foreach"
    if module is not None:
        found = getattr(importlib.import_module(f"jtorch.{module}"), name)
        setattr(jtorch, name, found)
        return found
    raise AttributeError(f"module 'torch' has no attribute '{name}': jtorch has no torch.{name}")


def operators(name: str):
    """`torch.ops.aten`; jtorch/ops itself is the folder of the operations."""
    if name == "aten":
        return importlib.import_module("jtorch._ops").aten
    spaces = importlib.import_module("jtorch.library").SPACES
    if name in spaces:
        return spaces[name]
    raise AttributeError(f"'_Ops' object has no attribute '{name}': jtorch has no torch.ops.{name}")


def names() -> list[str]:
    """What `dir(torch)` shows."""
    import jtorch

    return sorted({*vars(jtorch), *MODULES, *NAMES})
