"""torch.nn held against PyTorch."""
