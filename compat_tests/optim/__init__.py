"""torch.optim held against PyTorch."""
