"""torch.backends.opt_einsum: JAX orders the products of an einsum by opt_einsum; the switches are kept and change nothing."""

from jtorch.backends.switches import Switch, install


def is_available() -> bool:
    return True


def get_opt_einsum():
    """The package that orders the products."""
    import opt_einsum

    return opt_einsum


install(__name__, {"enabled": Switch(True), "strategy": Switch("auto", kind=None)})
