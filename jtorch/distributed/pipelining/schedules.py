"""In which order a stage runs the passes of micro-batches."""

import jtorch
from jtorch.distributed.pipelining.microbatch import merge_chunks, split_args_kwargs_into_chunks

__all__ = ["PipelineScheduleSingle", "Schedule1F1B", "ScheduleGPipe"]


class PipelineScheduleSingle:
    """Base of schedules of one stage a process: `order(stage, count)` gives ("forward" or "backward", number) one by one."""

    def __init__(
        self, stage, n_microbatches: int, loss_fn=None, args_chunk_spec=None, kwargs_chunk_spec=None, output_merge_spec=None, scale_grads: bool = True
    ):  # fmt: skip
        if n_microbatches < stage.num_stages:
            raise ValueError(
                f"Number of microbatches ({n_microbatches}) must be greater than or equal to the number of stages ({stage.num_stages})."
            )
        self._stage, self._n_microbatches, self._loss_fn = stage, n_microbatches, loss_fn
        self._args_chunk_spec, self._kwargs_chunk_spec = args_chunk_spec, kwargs_chunk_spec
        self._output_merge_spec, self.scale_grads = output_merge_spec, scale_grads
        self._has_backward = stage.has_backward = loss_fn is not None

    def order(self, stage, count: int):
        raise NotImplementedError(f"{type(self).__name__} has no order")

    def step(self, *args, target=None, losses: list | None = None, return_outputs: bool = True, **kwargs):
        """One batch, forward and, with a loss, backward: the first stage gives the arguments, the last one `target`, and gets outputs and `losses`."""
        if self._has_backward and not jtorch.is_grad_enabled():
            raise RuntimeError("step() requires gradients to be enabled for backward computation; it should not be used under torch.no_grad() context. Please call eval() instead.")  # fmt: skip
        return self._run(args, kwargs, target, losses, return_outputs, self._has_backward)

    def eval(self, *args, target=None, losses: list | None = None, **kwargs):
        """One batch forward alone."""
        with jtorch.no_grad():
            return self._run(args, kwargs, target, losses, True, False)

    def _run(self, args, kwargs, target, losses, return_outputs, backward):
        stage, count = self._stage, self._n_microbatches
        stage.clear()
        given, named = split_args_kwargs_into_chunks(
            args, kwargs, count, self._args_chunk_spec, self._kwargs_chunk_spec
        )
        targets = None
        if stage.is_last and self._loss_fn is not None and target is not None:
            targets = [chunk for (chunk,) in split_args_kwargs_into_chunks((target,), None, count)[0]]
        if backward and stage.is_last and targets is None:
            raise RuntimeError("the last stage needs target=... for its loss")
        outputs: list = [None] * count
        found: list = [None] * count
        done = 0
        for what, number in self.order(stage, count):
            if what == "forward":
                outputs[number] = stage.forward(number, given[number], named[number])
                if targets is not None:
                    found[number] = self._loss_fn(outputs[number], targets[number])
            elif backward:
                done += 1
                stage.backward(number, found[number], last=done == count)
        stage.wait()
        if backward and self.scale_grads:
            stage.scale_grads(count)
        if losses is not None and targets is not None:
            losses[:] = found
        return merge_chunks(outputs, self._output_merge_spec) if stage.is_last and return_outputs else None


class ScheduleGPipe(PipelineScheduleSingle):
    """All micro-batches forward, then all backward (Huang et al., 2019).

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> from jtorch.distributed.pipelining import PipelineStage, ScheduleGPipe
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> net = torch.nn.Linear(2, 1)
    >>> schedule = ScheduleGPipe(PipelineStage(net, 0, 1, "cpu"), 2, loss_fn=torch.nn.functional.mse_loss)
    >>> schedule.step(torch.ones(4, 2), target=torch.zeros(4, 1)).shape, net.weight.grad.shape
    (torch.Size([4, 1]), torch.Size([1, 2]))
    >>> dist.destroy_process_group()
    """

    def order(self, stage, count: int):
        for number in range(count):
            yield "forward", number
        for number in range(count):
            yield "backward", number


class Schedule1F1B(PipelineScheduleSingle):
    """After as many forward passes as stages follow, one backward and one forward in turn (Narayanan et al., 2019): fewer activations wait."""

    def order(self, stage, count: int):
        ahead = min(count, stage.num_stages - stage.stage_index)
        for number in range(ahead):
            yield "forward", number
        for number in range(count):
            yield "backward", number
            if number + ahead < count:
                yield "forward", number + ahead
