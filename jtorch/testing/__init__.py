"""torch.testing: comparisons for tests, and tensors to test with."""

from jtorch.testing.comparison import assert_allclose, assert_close
from jtorch.testing.creation import make_tensor
