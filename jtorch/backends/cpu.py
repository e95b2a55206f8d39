"""torch.backends.cpu."""

from pathlib import Path


def get_cpu_capability() -> str:
    """The widest vector instructions of this processor in torch's words: AVX512, AVX2 or DEFAULT."""
    try:
        described = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "DEFAULT"
    flags = next((line.split() for line in described.splitlines() if line.startswith("flags")), [])
    if "avx512f" in flags and "avx512dq" in flags:
        return "AVX512"
    return "AVX2" if "avx2" in flags and "fma" in flags else "DEFAULT"
