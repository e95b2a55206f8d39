"""What of a state is written and read: all of it, or as much as is there."""

__all__ = ["DefaultLoadPlanner", "DefaultSavePlanner"]


class DefaultSavePlanner:
    """Everything is written. States are always stored by flat names, and what several processes hold is written once."""

    def __init__(
        self, flatten_state_dict: bool = True, flatten_sharded_tensors: bool = True, dedup_replicated_tensors=None,
        dedup_save_to_lowest_rank: bool = False, enable_plan_caching: bool = False,
    ):  # fmt: skip
        pass


class DefaultLoadPlanner:
    """Everything is read; with `allow_partial_load` what the checkpoint lacks stays as it is.

    >>> import tempfile, jtorch as torch
    >>> from jtorch.distributed import checkpoint as dcp
    >>> folder, state = tempfile.mkdtemp(), {"x": torch.zeros(1), "y": torch.zeros(1)}
    >>> _ = dcp.save({"x": torch.ones(1)}, checkpoint_id=folder)
    >>> dcp.load(state, checkpoint_id=folder, planner=DefaultLoadPlanner(allow_partial_load=True))
    >>> state
    {'x': tensor([1.]), 'y': tensor([0.])}
    """

    def __init__(
        self, flatten_state_dict: bool = True, flatten_sharded_tensors: bool = True, allow_partial_load: bool = False
    ):
        self.allow_partial_load = allow_partial_load
