"""torch.backends.cusparselt: semi-structured sparsity has no kernels here."""


def is_available() -> bool:
    return False


def version() -> None:
    return None


def get_max_alg_id() -> None:
    return None
