"""torch.jit without a compiler of its own: scripting and tracing give back what they were given.

`torch.jit.script(f)` returns `f`, which computes the same; speed comes from the engine, for any function. What only a TorchScript program has (its
graph, its file format) is not there and says so.
"""

from jtorch.futures import Future
from jtorch.jit.annotations import (
    Attribute,
    Final,
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
from jtorch.jit.script import (
    Error,
    ScriptFunction,
    ScriptModule,
    enable_onednn_fusion,
    fork,
    freeze,
    load,
    onednn_fusion_enabled,
    optimize_for_inference,
    optimized_execution,
    save,
    script,
    script_method,
    set_fusion_strategy,
    strict_fusion,
    trace,
    trace_module,
    wait,
)
