"""Processes under torchrun, and their errors."""
