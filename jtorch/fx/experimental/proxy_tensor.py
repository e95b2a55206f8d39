"""torch.fx.experimental.proxy_tensor: whether operations are being written into a graph of torch.fx."""


def get_proxy_mode() -> None:
    """The tracer that is at work: there is none."""
