"""torch.jit without a compiler of its own: what is scripted or traced runs its Python, and is saved as XLA programs.

Speed comes from the engine, for any function. TorchScript's language, its graphs and its file format are not there.
"""

from jtorch.futures import Future
from jtorch.jit.annotations import (
    Attribute,
    Final,
    TracerWarning,
    _overload,
    _overload_method,
    annotate,
    export,
    ignore,
    interface,
    is_scripting,
    is_tracing,
    isinstance,
    script_if_tracing,
    unused,
)
from jtorch.jit.program import load, save
from jtorch.jit.script import (
    Error,
    enable_onednn_fusion,
    fork,
    freeze,
    onednn_fusion_enabled,
    optimize_for_inference,
    optimized_execution,
    script,
    script_method,
    set_fusion_strategy,
    strict_fusion,
    trace,
    trace_module,
    wait,
)
from jtorch.jit.scripted import RecursiveScriptModule, ScriptFunction, ScriptModule, TopLevelTracedModule
