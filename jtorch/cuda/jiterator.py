"""Element-wise kernels in CUDA's C++ (`_create_jit_fn`): taken in as text, and never run. XLA fuses the same written with tensors."""

import re

import jtorch

__all__: list[str] = []

_TEMPLATE = re.compile(r"^\s*template\s*<\s*typename\s+\w+\s*>\s*(?P<type>.+?)\s*\b(?P<name>\w+)\s*\(", re.DOTALL)


class _JittedFunction:
    """A kernel that is known by its source."""

    def __init__(self, code_string: str, return_by_ref: bool, num_outputs: int, **kwargs):
        found = _TEMPLATE.match(code_string)
        if found is None:
            raise Exception(f"Couldn't parse code, please check correctness:\n {code_string}")
        self.code_string, self.return_by_ref, self.num_outputs = code_string, return_by_ref, num_outputs
        self.kernel_name, self.kwargs_dict, self.is_cuda_available = found["name"], kwargs, jtorch.cuda.is_available()

    def __call__(self, *tensors, **kwargs):
        if not self.is_cuda_available:
            raise AssertionError("Jiterator is only supported on CUDA and ROCm GPUs, none are available.")
        raise NotImplementedError(
            f"torch.cuda.jiterator: {self.kernel_name} is CUDA source, which jtorch does not compile; write it as operations on tensors, which XLA fuses"
        )


def _create_jit_fn(code_string: str, **kwargs) -> _JittedFunction:
    """A function of CUDA source with one result."""
    return _JittedFunction(code_string, return_by_ref=False, num_outputs=1, **kwargs)


def _create_multi_output_jit_fn(code_string: str, num_outputs: int, **kwargs) -> _JittedFunction:
    """The same with several results, given by reference."""
    return _JittedFunction(code_string, return_by_ref=True, num_outputs=num_outputs, **kwargs)
