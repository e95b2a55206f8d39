"""Scale on paper: what a training step costs each device under a layout, by a model and by the programs that XLA compiles; docs/scaling.md.

`sizes` names models and layouts, `predictions` has the formulas, `decoder` and `step` are the program, `programs_text` reads what XLA made of it.
"""
