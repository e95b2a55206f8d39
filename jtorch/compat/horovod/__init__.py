"""horovod, as far as `horovod.torch` goes, under `python -m jtorch`: names of `torch.distributed`. Start processes with torchrun."""
