"""The engine: arrays that are computed when somebody looks, fused into programs, placed on devices. It knows no `Tensor`."""

from .prim import Prim as Prim
from .program import clear_caches as clear_caches
from .program import statistics as _statistics
from .recording import Recording as Recording
from .recording import Replay as Replay
from .settings import Settings as Settings
from .settings import set_execution as set_execution
from .trace import apply as apply
from .trace import compiled as compiled
from .trace import cut as cut
from .trace import note_traced_write as note_traced_write
from .trace import note_write as note_write
from .trace import pass_ended as pass_ended
from .trace import record as record
from .trace import recording as recording
from .trace import traced_writes as traced_writes
from .value import Aval as Aval
from .value import Place as Place
from .value import Value as Value
from .value import aval as aval
from .value import aval_of as aval_of
from .value import for_good as for_good


def statistics() -> dict:
    """Counters since the process started: flushes, ops_recorded, ops_run (by XLA), ops_interpreted (in numpy), ops_compiled, programs_compiled, programs_run, buffers_donated."""
    return dict(_statistics)
