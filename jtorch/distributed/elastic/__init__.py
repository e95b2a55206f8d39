"""torch.distributed.elastic, as far as programs use it: `multiprocessing.errors.record`. The agent itself is `torch.distributed.run`."""
