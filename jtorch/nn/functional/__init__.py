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

# Functions that torch has in C++: they are offered as they were called. Those in Python spell out what was left to defaults.
_AS_CALLED = frozenset(
    """adaptive_avg_pool1d avg_pool1d avg_pool2d avg_pool3d bilinear celu_ channel_shuffle conv1d conv2d conv3d conv_tbc conv_transpose1d
    conv_transpose2d conv_transpose3d cosine_similarity elu_ gelu hardshrink hardtanh_ leaky_relu_ linear logsigmoid native_channel_shuffle one_hot
    pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu relu_ rrelu_ scaled_dot_product_attention selu_ softplus softshrink
    threshold_""".split()
)
for _name, _fn in [*globals().items()]:
    if isinstance(_fn, _FunctionType) and _fn.__module__.startswith(__name__ + "."):
        globals()[_name] = _offered(_fn, __name__, spelled=_name not in _AS_CALLED)
globals().update({name: fn for name, fn in _namespace("nn.functional").items() if name not in globals()})
