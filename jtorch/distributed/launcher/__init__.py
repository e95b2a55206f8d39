"""torch.distributed.launcher: what torchrun does, for functions."""

from jtorch.distributed.launcher.api import LaunchConfig, elastic_launch, launch_agent

__all__ = ["LaunchConfig", "elastic_launch", "launch_agent"]
