"""Tests that hold jtorch against PyTorch: the same code, the same observations."""
