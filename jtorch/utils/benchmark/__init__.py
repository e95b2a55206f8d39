"""torch.utils.benchmark: times of statements, and tables of them."""

from jtorch.utils.benchmark.compare import Compare
from jtorch.utils.benchmark.measurement import Measurement, TaskSpec, select_unit, trim_sigfig, unit_to_english
from jtorch.utils.benchmark.timer import Timer, timer
