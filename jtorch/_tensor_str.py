"""torch._tensor_str: the text of a tensor's elements, and the options it follows."""

from jtorch.printing import OPTIONS as PRINT_OPTS
from jtorch.printing import format_array
from jtorch.printing import set_printoptions as set_printoptions

__all__ = ["PRINT_OPTS", "set_printoptions"]


def _tensor_str(self, indent: int) -> str:
    """The nested lists that `print` shows, without what stands around them."""
    return format_array(self.detach().resolve_conj().cpu().numpy(), indent)
