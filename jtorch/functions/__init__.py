"""Functions of torch that are made of operations, or need to look at tensors before they can call one."""
