"""CUDA graphs: what they are for, XLA's programs do by themselves. A step that repeats is one program already."""

_INSTEAD = "a step that repeats is compiled into one program by itself; torch.compile does so at its first call"


class CUDAGraph:
    """A recorded piece of work that can be replayed: not offered."""

    def __init__(self, keep_graph: bool = False):
        raise NotImplementedError(f"torch.cuda.CUDAGraph: {_INSTEAD}")


class graph:
    """Context that records a CUDA graph: not offered."""

    def __init__(self, cuda_graph, pool=None, stream=None, capture_error_mode: str = "global", **kwargs):
        raise NotImplementedError(f"torch.cuda.graph: {_INSTEAD}")


def graph_pool_handle():
    raise NotImplementedError(f"torch.cuda.graph_pool_handle: {_INSTEAD}")


def make_graphed_callables(callables, sample_args, num_warmup_iters=3, allow_unused_input=False, pool=None):
    """The callables themselves: their operations are compiled when they repeat."""
    return callables


def is_current_stream_capturing() -> bool:
    """Whether work is being recorded into a CUDA graph: never."""
    return False
