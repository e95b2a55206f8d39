"""How one module is spread over a mesh: its parameters, what goes in and what comes out."""

import abc

import jtorch
from jtorch.distributed.tensor import DTensor, Replicate, Shard, distribute_module, distribute_tensor

__all__ = [
    "ColwiseParallel", "ParallelStyle", "PrepareModuleInput", "PrepareModuleInputOutput", "PrepareModuleOutput", "RowwiseParallel", "SequenceParallel",
]  # fmt: skip


class ParallelStyle(abc.ABC):
    """Base of styles: `_apply(module, mesh)` spreads the module."""

    src_data_rank: int | None = 0

    @abc.abstractmethod
    def _apply(self, module, device_mesh): ...


def _brought(value, mesh, layout, wanted):
    """A tensor as a DTensor under the placement that a module wants; a plain one lies as `layout` says."""
    if not isinstance(value, DTensor):
        value = DTensor.from_local(value, mesh, [layout])
    return value if value.placements == _only(wanted, value) else value.redistribute(placements=[wanted])


def _only(placement, tensor):
    return (Shard(placement.dim % tensor.ndim),) if placement.is_shard() else (placement,)


def _spread(module, mesh, placements, src_data_rank) -> None:
    """The parameters of a module under placements by name; replicated where there is none."""
    for name, parameter in module.named_parameters(recurse=False):
        placement = placements.get(name, Replicate())
        made = distribute_tensor(parameter.data, mesh, [placement], src_data_rank=src_data_rank)
        module.register_parameter(name, jtorch.nn.Parameter(made, parameter.requires_grad))


class _Linear(ParallelStyle):
    def __init__(self, input_layout, output_layout, use_local_output: bool):
        self.input_layouts, self.output_layouts = (input_layout,), (output_layout,)
        self.use_local_output = use_local_output

    def _placements(self, module) -> tuple[dict, object]:
        """Of the parameters, and of the input."""
        raise NotImplementedError

    def _apply(self, module, device_mesh):
        placements, wanted = self._placements(module)

        def partition(name, part, mesh):
            _spread(part, mesh, placements, self.src_data_rank)

        def before(mod, inputs, mesh):
            return (_brought(inputs[0], mesh, self.input_layouts[0], wanted), *inputs[1:])

        def after(mod, output, mesh):
            made = _brought(output, mesh, self.output_layouts[0], self.output_layouts[0])
            return made.to_local() if self.use_local_output else made

        return distribute_module(module, device_mesh, partition, before, after)


class ColwiseParallel(_Linear):
    """`nn.Linear` (or `nn.Embedding`) by columns: each process computes a part of the output features. The input is replicated.

    Give `output_layouts=Replicate()` to have the output gathered; with `use_local_output` it is a plain tensor.
    """

    def __init__(self, *, input_layouts=None, output_layouts=None, use_local_output: bool = True):
        super().__init__(input_layouts or Replicate(), output_layouts or Shard(-1), use_local_output)

    def _placements(self, module):
        if isinstance(module, jtorch.nn.Linear):
            return {"weight": Shard(0), "bias": Shard(0)}, Replicate()
        if isinstance(module, jtorch.nn.Embedding):
            return {"weight": Shard(1)}, Replicate()
        raise NotImplementedError("ColwiseParallel currently only support nn.Linear and nn.Embedding!")


class RowwiseParallel(_Linear):
    """`nn.Linear` (or `nn.Embedding`) by rows: each process has a part of the input features (of the words), and the outputs are added up."""

    def __init__(self, *, input_layouts=None, output_layouts=None, use_local_output: bool = True):
        super().__init__(input_layouts or Shard(-1), output_layouts or Replicate(), use_local_output)

    def _placements(self, module):
        if isinstance(module, jtorch.nn.Linear):
            return {"weight": Shard(1)}, Shard(-1)
        if isinstance(module, jtorch.nn.Embedding):
            return {"weight": Shard(0)}, Replicate()
        raise NotImplementedError("RowwiseParallel currently only support nn.Linear and nn.Embedding!")


class SequenceParallel(ParallelStyle):
    """A module that treats positions of a sequence one by one (LayerNorm, RMSNorm, Dropout), on a sequence that is cut."""

    def __init__(self, *, sequence_dim: int = 1, use_local_output: bool = False):
        self.sequence_sharding = (Shard(sequence_dim),)
        self.use_local_output = use_local_output

    def _apply(self, module, device_mesh):
        (cut,) = self.sequence_sharding

        def partition(name, part, mesh):
            _spread(part, mesh, {}, self.src_data_rank)

        def before(mod, inputs, mesh):
            return (_brought(inputs[0], mesh, cut, cut), *inputs[1:])

        def after(mod, outputs, mesh):
            return outputs.to_local() if self.use_local_output else outputs

        return distribute_module(module, device_mesh, partition, before, after)


def _several(value) -> tuple | None:
    return value if value is None or isinstance(value, tuple) else (value,)


def _each(values, layouts, wanted, mesh, local: bool, name: str) -> list:
    if len(values) != len(layouts):
        raise ValueError(f"module {name} and {name}_layouts should have same length!")
    made = []
    for value, layout, want in zip(values, layouts, wanted, strict=True):
        if layout is not None and isinstance(value, jtorch.Tensor):
            value = _brought(value, mesh, layout, want if want is not None else layout)
            value = value.to_local() if local else value
        made.append(value)
    return made


class PrepareModuleInput(ParallelStyle):
    """Make a module's inputs DTensors: they lie as `input_layouts` say (None: left alone) and are brought to `desired_input_layouts`."""

    def __init__(
        self, *, input_layouts=None, desired_input_layouts=None, input_kwarg_layouts=None, desired_input_kwarg_layouts=None, use_local_output: bool = False
    ):  # fmt: skip
        self.input_layouts, self.desired_input_layouts = _several(input_layouts), _several(desired_input_layouts)
        self.input_kwarg_layouts = input_kwarg_layouts or {}
        self.desired_input_kwarg_layouts = desired_input_kwarg_layouts or {}
        self.use_local_output = use_local_output
        if self.input_layouts is not None:
            if self.desired_input_layouts is None:
                raise AssertionError("desired module inputs should not be None!")
            if len(self.input_layouts) != len(self.desired_input_layouts):
                raise AssertionError("input_layouts and desired_input_layouts should have same length!")

    def _apply(self, module, device_mesh):
        def before(mod, args, kwargs):
            if self.input_layouts is not None:
                args = tuple(
                    _each(
                        args,
                        self.input_layouts,
                        self.desired_input_layouts,
                        device_mesh,
                        self.use_local_output,
                        "inputs",
                    )
                )
            made = dict(kwargs)
            for name, layout in self.input_kwarg_layouts.items():
                if name in made and layout is not None:
                    wanted = (self.desired_input_kwarg_layouts.get(name, layout),)
                    (made[name],) = _each(
                        (made[name],), (layout,), wanted, device_mesh, self.use_local_output, "inputs"
                    )
            return args, made

        module.register_forward_pre_hook(before, with_kwargs=True)
        return module


class PrepareModuleOutput(ParallelStyle):
    """Bring a module's outputs from `output_layouts` to `desired_output_layouts`; plain tensors with `use_local_output`."""

    def __init__(self, *, output_layouts, desired_output_layouts, use_local_output: bool = True):
        self.output_layouts, self.desired_output_layouts = _several(output_layouts), _several(desired_output_layouts)
        self.use_local_output = use_local_output
        if len(self.output_layouts or ()) != len(self.desired_output_layouts or ()):
            raise AssertionError("output_layouts and desired_output_layouts should have same length!")

    def _apply(self, module, device_mesh):
        def after(mod, inputs, outputs):
            made = _each(
                outputs if isinstance(outputs, tuple) else (outputs,), self.output_layouts, self.desired_output_layouts, device_mesh,
                self.use_local_output, "outputs",
            )  # fmt: skip
            return tuple(made) if isinstance(outputs, tuple) else made[0]

        module.register_forward_hook(after)
        return module


class PrepareModuleInputOutput(ParallelStyle):
    """`PrepareModuleInput` and `PrepareModuleOutput` in one."""

    def __init__(
        self, *, input_layouts=None, desired_input_layouts=None, input_kwarg_layouts=None, desired_input_kwarg_layouts=None,
        use_local_input: bool = False, output_layouts, desired_output_layouts, use_local_output: bool = True,
    ):  # fmt: skip
        self.prepare_module_input = PrepareModuleInput(
            input_layouts=input_layouts, desired_input_layouts=desired_input_layouts, input_kwarg_layouts=input_kwarg_layouts,
            desired_input_kwarg_layouts=desired_input_kwarg_layouts, use_local_output=use_local_input,
        )  # fmt: skip
        self.prepare_module_output = PrepareModuleOutput(
            output_layouts=output_layouts, desired_output_layouts=desired_output_layouts, use_local_output=use_local_output
        )  # fmt: skip

    def _apply(self, module, device_mesh):
        self.prepare_module_input._apply(module, device_mesh)
        return self.prepare_module_output._apply(module, device_mesh)
