"""Where a script spends its time: `python -m jtorch -m torch.utils.bottleneck script.py arguments`. Today's torch no longer has it."""
