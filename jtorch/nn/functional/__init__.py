"""Layers as functions: torch.nn.functional. Everything the layers compute is here or in jtorch/ops."""

from types import FunctionType as _FunctionType

from jtorch.methods import namespace as _namespace
from jtorch.subclass import offered as _offered

from .activation import *  # noqa: F403
from .attention import *  # noqa: F403
from .blocks import *  # noqa: F403
from .convolution import *  # noqa: F403
from .distance import *  # noqa: F403
from .dropout import *  # noqa: F403
from .linear import *  # noqa: F403
from .linear_cross_entropy import *  # noqa: F403
from .loss import *  # noqa: F403
from .normalization import *  # noqa: F403
from .padding import *  # noqa: F403
from .pooling import *  # noqa: F403
from .resampling import *  # noqa: F403
from .scaled import *  # noqa: F403
from .sparse import *  # noqa: F403

for _name, _fn in [*globals().items()]:
    if isinstance(_fn, _FunctionType) and _fn.__module__.startswith(__name__ + "."):
        globals()[_name] = _offered(_fn, __name__)
globals().update({name: fn for name, fn in _namespace("nn.functional").items() if name not in globals()})
