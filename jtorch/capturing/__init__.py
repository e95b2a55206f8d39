"""`jtorch.capture`: a function of tensors, recorded once and from then on one compiled program without Python."""

from .captured import capture as capture
from .control import cond as cond
from .control import scan as scan
from .control import while_loop as while_loop
from .recorded import CaptureError as CaptureError
