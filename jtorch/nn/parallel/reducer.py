"""The reducer of DistributedDataParallel: which gradients are there after a backward pass, and their average over the processes."""

import jtorch
from jtorch import distributed as dist
from jtorch.autograd.backward_pass import queue_callback

FIRST_BUCKET = 1 << 20  # bytes
_UNFINISHED = (
    "Expected to have finished reduction in the prior iteration before starting a new one. This error indicates that your module has parameters "
    "that were not used in producing loss. You can enable unused parameter detection by passing the keyword argument "
    "`find_unused_parameters=True` to `torch.nn.parallel.DistributedDataParallel`, and by \nmaking sure all `forward` function outputs participate in "
    "calculating loss."
)


class GradBucket:
    """Gradients that travel together, in one line: what a communication hook is given."""

    def __init__(self, index: int, last: bool, parameters: list, buffer):
        self._index, self._last, self._parameters, self._buffer = index, last, parameters, buffer

    def index(self) -> int:
        return self._index

    def is_last(self) -> bool:
        return self._last

    def parameters(self) -> list:
        return list(self._parameters)

    def buffer(self):
        """All gradients of the bucket as one vector."""
        return self._buffer

    def set_buffer(self, buffer) -> None:
        self._buffer = buffer

    def gradients(self) -> list:
        """The gradients, as views of the vector."""
        parts = self._buffer.split([p.numel() for p in self._parameters])
        return [part.view(p.shape) for part, p in zip(parts, self._parameters, strict=True)]


class Reducer:
    """Averages gradients after each backward pass that was expected to be.

    All that needs computing is computed once, when the pass is over, and the buckets go out in their order: the same on every process whatever the
    order in which its gradients came.
    """

    def __init__(self, named: list, group, cap: int, find_unused: bool):
        self.named, self.group, self.find_unused = named, group, find_unused
        self.parameters = [p for _, p in named]
        self.hook = None
        self.divisor = dist.get_world_size(group)
        self.buckets = _buckets(self.parameters, cap)
        self.unfinished: list[str] = []
        self._expected = False
        self._came: set[int] = set()
        self._handles = [
            p.register_post_accumulate_grad_hook(lambda _, i=i: self._note(i)) for i, p in enumerate(self.parameters)
        ]

    def expect(self) -> None:
        """A forward pass has run whose backward is to be followed by a reduction."""
        if self.unfinished:
            raise RuntimeError(f"{_UNFINISHED}\nParameters which did not receive grad: {', '.join(self.unfinished)}")
        self._expected = True

    def expect_none(self) -> None:
        self._expected = False

    def _note(self, index: int) -> None:
        if not self._came and self._expected:
            queue_callback(self._finish)
        if self._expected:
            self._came.add(index)

    def _finish(self) -> None:
        came = set(self._came)
        self._came.clear()
        missing = [name for i, (name, _) in enumerate(self.named) if i not in came]
        if missing and not self.find_unused:
            self.unfinished = missing
            return
        used = jtorch.tensor([i in came for i in range(len(self.parameters))])
        self.reduce(used if self.find_unused else None)

    def reduce(self, used=None) -> None:
        """Average the gradients of all processes; `used` says which are there, where that may differ."""
        if used is not None:
            dist.all_reduce(used, dist.ReduceOp.MAX, self.group)
            used = used.tolist()
        with jtorch.no_grad():
            under_way = []
            for number, indices in enumerate(self.buckets):
                parameters = [self.parameters[i] for i in indices]
                buffer = jtorch.cat([_flat_gradient(p) for p in parameters])
                bucket = GradBucket(number, number == len(self.buckets) - 1, parameters, buffer)
                under_way.append((bucket, indices, self._start(bucket)))
            for bucket, indices, waiting in under_way:
                reduced = waiting.wait()
                if isinstance(reduced, list):
                    reduced = reduced[0]
                if jtorch.is_tensor(reduced) and reduced is not bucket.buffer():
                    bucket.set_buffer(reduced)
                for i, p, grad in zip(indices, bucket.parameters(), bucket.gradients(), strict=True):
                    if used is None or used[i]:
                        _give(p, grad)

    def _start(self, bucket: GradBucket):
        if self.hook is not None:
            state, hook = self.hook
            return hook(state, bucket)
        bucket.buffer().div_(self.divisor)
        return dist.all_reduce(bucket.buffer(), group=self.group, async_op=True)


def _flat_gradient(parameter):
    grad = parameter.grad
    if grad is None:
        return jtorch.zeros(parameter.numel(), dtype=parameter.dtype, device=parameter.device)
    if grad.layout != jtorch.strided:
        raise NotImplementedError(
            "DistributedDataParallel of sparse gradients is not supported by jtorch; use sparse=False"
        )
    return grad.reshape(-1)


def _give(parameter, grad) -> None:
    if parameter.grad is None:
        parameter.grad = grad.clone()
    else:
        parameter.grad.copy_(grad)


def _buckets(parameters: list, cap: int) -> list[list[int]]:
    """Indices of parameters that travel together: of one dtype and device, the first bucket of at most 1 MiB; the last layers' go first."""
    buckets: list[list[int]] = []
    open_: dict = {}  # (dtype, device) -> [indices, bytes]
    for i, p in enumerate(parameters):
        key = (p.dtype, p.device)
        entry = open_.setdefault(key, [[], 0])
        entry[0].append(i)
        entry[1] += p.numel() * p.element_size()
        if entry[1] >= (cap if buckets else min(FIRST_BUCKET, cap)):
            buckets.append(entry[0])
            del open_[key]
    return [*buckets, *(indices for indices, _ in open_.values())][::-1]
