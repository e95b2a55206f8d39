"""torch.__config__: what a build of torch says of itself. Nothing is built here; the lines say what computes."""


def show() -> str:
    """The releases of JAX and numpy, and the devices that JAX has been asked for.

    >>> import jtorch as torch
    >>> torch.__config__.show().startswith("jtorch built with:")
    True
    """
    import jax
    import jaxlib
    import numpy as np

    return "\n".join(
        [
            "jtorch built with:",
            f"  - JAX {jax.__version__}",
            f"  - jaxlib {jaxlib.__version__}",
            f"  - NumPy {np.__version__}",
            "",
        ]
    )


def parallel_info() -> str:
    """How many threads there are."""
    import jtorch

    return (
        "ATen/Parallel:\n"
        f"\tat::get_num_threads() : {jtorch.get_num_threads()}\n"
        f"\tat::get_num_interop_threads() : {jtorch.get_num_interop_threads()}\n"
    )
