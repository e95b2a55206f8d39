"""`PipelineStage`: one part of a model, and what it exchanges with its neighbours."""

import contextlib

import jtorch
from jtorch import distributed as dist

__all__ = ["PipelineStage"]


class PipelineStage:
    """A part of a model on this process; stage i is run by process i of the group.

    Activations go to the next stage and gradients to the one before as messages. Their shapes travel with them, so `input_args` and `output_args` are
    not needed, and micro-batches may differ in size.
    """

    def __init__(
        self, submodule, stage_index: int, num_stages: int, device, input_args=None, output_args=None, group=None, dw_builder=None, **options
    ):  # fmt: skip
        if dw_builder is not None or options:
            raise NotImplementedError(
                "PipelineStage(dw_builder=...): weights' gradients are not computed apart; leave it out"
            )
        if stage_index >= num_stages:
            raise ValueError(f"Stage index {stage_index} is out of range of {num_stages}")
        self.submod, self.stage_index, self.num_stages = submodule, stage_index, num_stages
        self.device, self.group = jtorch.device(device), group if group is not None else dist.group.WORLD
        self.group_rank, self.group_size = self.group.rank(), self.group.size()
        if self.group_size > num_stages:
            raise RuntimeError(
                f"Pipeline group size {self.group_size} cannot be larger than number of stages {num_stages}"
            )
        if stage_index != self.group_rank or num_stages != self.group_size:
            raise NotImplementedError(
                f"stage {stage_index} of {num_stages} on process {self.group_rank} of {self.group_size}: jtorch runs one stage a process, in order; join stages into one module"
            )
        self.is_first, self.is_last = stage_index == 0, stage_index == num_stages - 1
        self.has_backward = False
        self.clear()

    def clear(self) -> None:
        """Forget what a step left."""
        self._inputs: dict = {}
        self._outputs: dict = {}
        self._sent: list = []

    # Messages

    def _send(self, tensors, to: int) -> None:
        """Tensors for a neighbour; it is told their kinds first. Nobody waits."""
        kinds = [(t.dtype, tuple(t.shape), t.requires_grad) for t in tensors]
        dist.send_object_list([kinds], group=self.group, group_dst=to)
        self._sent += [dist.isend(t.detach().contiguous(), group=self.group, group_dst=to) for t in tensors]

    def _receive(self, source: int) -> list:
        box: list = [None]
        dist.recv_object_list(box, group=self.group, group_src=source)
        found = []
        for dtype, shape, requires_grad in box[0]:
            tensor = jtorch.empty(shape, dtype=dtype, device=self.device)
            dist.recv(tensor, group=self.group, group_src=source)
            found.append(tensor.requires_grad_(requires_grad))
        return found

    # A micro-batch

    def forward(self, number: int, args, kwargs):
        """Run one micro-batch; the arguments are those of the first stage, named ones those of this stage."""
        inputs = list(args) if self.is_first else self._receive(self.stage_index - 1)
        output = self.submod(*inputs, **kwargs)
        outputs = list(output) if isinstance(output, (tuple, list)) else [output]
        if not all(isinstance(each, jtorch.Tensor) for each in outputs):
            raise TypeError(
                f"a stage must give tensors to the next one, got {[type(each).__name__ for each in outputs]}"
            )
        self._inputs[number], self._outputs[number] = inputs, outputs
        if not self.is_last:
            self._send(outputs, self.stage_index + 1)
        return output

    def backward(self, number: int, loss=None, last: bool = True) -> None:
        """The gradients of one micro-batch; with `last` those of data parallelism are reduced."""
        inputs, outputs = self._inputs.pop(number), self._outputs.pop(number)
        with self._accumulating(not last):
            if self.is_last:
                loss.backward()
            else:
                grads = self._receive(self.stage_index + 1)
                differentiable = [t for t in outputs if t.requires_grad]
                jtorch.autograd.backward(differentiable, grads)
        if not self.is_first:
            asked = [t for t in inputs if t.requires_grad]
            self._send([jtorch.zeros_like(t) if t.grad is None else t.grad for t in asked], self.stage_index - 1)

    def _accumulating(self, wanted: bool):
        """Data parallelism inside of the stage reduces at the last micro-batch."""
        if not wanted:
            return contextlib.nullcontext()
        if hasattr(self.submod, "no_sync"):
            return self.submod.no_sync()
        if hasattr(self.submod, "set_requires_gradient_sync"):
            return _unsynced(self.submod)
        return contextlib.nullcontext()

    def wait(self) -> None:
        """Wait until everything sent has gone."""
        for work in self._sent:
            work.wait()
        self._sent = []

    def scale_grads(self, grad_scale_factor: int) -> None:
        """Divide the gradients: of a loss that is a mean, by the number of micro-batches."""
        if grad_scale_factor != 1:
            for parameter in self.submod.parameters():
                if parameter.grad is not None:
                    parameter.grad.div_(grad_scale_factor)


@contextlib.contextmanager
def _unsynced(module):
    module.set_requires_gradient_sync(False)
    try:
        yield
    finally:
        module.set_requires_gradient_sync(True)
