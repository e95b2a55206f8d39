"""torch.utils.deterministic."""

# Memory of `empty` is always filled, with zeros; kept for code that sets it.
fill_uninitialized_memory = True
