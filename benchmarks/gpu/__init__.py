"""Training steps of large models on one accelerator: `python -m benchmarks.gpu`."""
