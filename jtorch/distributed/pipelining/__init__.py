"""torch.distributed.pipelining: a model in stages, one a process."""

from jtorch.distributed.pipelining.microbatch import TensorChunkSpec
from jtorch.distributed.pipelining.schedules import PipelineScheduleSingle, Schedule1F1B, ScheduleGPipe
from jtorch.distributed.pipelining.stage import PipelineStage

__all__ = ["PipelineScheduleSingle", "PipelineStage", "Schedule1F1B", "ScheduleGPipe", "TensorChunkSpec"]
