"""torch.rnn_tanh, rnn_relu, gru, lstm over stacked layers and both directions, and their single steps."""

import jtorch
from jtorch.dispatch import apply
from jtorch.functions.views import _permuted
from jtorch.nn.functional.dropout import dropout as drop_out
from jtorch.ops import rnn as ops
from jtorch.tensor import Tensor

__all__ = ["FUNCTIONS"]

FUNCTIONS = {}


def _arguments(name, given, options):
    """(input, batch_sizes, hx, params, ...) of torch's two overloads: with a batch, and with packed data and its batch sizes."""
    names = ["input", "hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional", "batch_first"]
    if "data" in options or (len(given) > 2 and isinstance(given[1], Tensor) and _is_state(name, given[2])):
        names = ["data", "batch_sizes", *names[1:-1]]
    bound = dict(zip(names, given, strict=False)) | options
    if len(given) > len(names) or bound.keys() != set(names):
        raise TypeError(
            f"{name}() received an invalid combination of arguments\nIt takes ({', '.join(names)}), or packed data and its "
            "batch sizes first."
        )
    if "data" in bound:
        bound["input"], bound["batch_first"] = bound.pop("data"), False
    return bound


def _is_state(name, argument):
    """Whether the third argument is the state, which the packed form has there, and not the weights."""
    if name == "lstm":
        return isinstance(argument, (tuple, list)) and len(argument) == 2 and argument[0].dim() == 3
    return isinstance(argument, Tensor)


def _layers(params, per_layer):
    return [tuple(params[i : i + per_layer]) for i in range(0, len(params), per_layer)]


def _run(
    name, layer, states, input, batch_sizes, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
):
    """All layers: `layer(input, batch_sizes, states, weights, reverse, last)` is one of them in one direction."""
    if batch_first:
        input = input.transpose(0, 1)
    directions = 2 if bidirectional else 1
    weights = _layers(params, len(params) // (num_layers * directions))
    if len(weights) != num_layers * directions or any(len(w) != len(weights[0]) for w in weights):
        raise RuntimeError(f"{name}: got an incorrect number of RNN parameters")
    finals = []
    for level in range(num_layers):
        outputs = []
        for direction in range(directions):
            place = level * directions + direction
            output, *final = layer(
                input, batch_sizes, [s[place] for s in states], weights[place], direction == 1, bidirectional
            )
            outputs.append(output)
            finals.append(final)
        input = outputs[0] if directions == 1 else jtorch.cat(outputs, dim=-1)
        if dropout and train and level < num_layers - 1:
            input = drop_out(input, dropout, True)
    return input, [jtorch.stack(rows) for rows in zip(*finals, strict=True)]


def _with_biases(weights, has_biases):
    """(w_ih, w_hh, b_ih, b_hh) and what more there is."""
    if has_biases:
        return weights
    return (*weights[:2], None, None, *weights[2:])


def _equal_lengths(batch_sizes):
    return batch_sizes is None or bool((batch_sizes == batch_sizes[0]).all())


def _function(name, kind, activation=None):
    def run(*given, **options):
        bound = _arguments(name, given, options)
        input, batch_sizes, hx = bound["input"], bound.pop("batch_sizes", None), bound.pop("hx")
        states = tuple(hx) if kind == "lstm" else (hx,)
        if kind == "lstm" and len(states) != 2:
            raise RuntimeError("lstm expects two hidden states")
        # Where torch runs oneDNN's layer: observable in the name of the node.
        fused = kind == "lstm" and input.dtype is not jtorch.float64 and _equal_lengths(batch_sizes)

        def layer(input, batch_sizes, states, weights, reverse, bidirectional):
            weights = _with_biases(weights, bound["has_biases"])
            node = "Stack" if batch_sizes is None else "Cat"
            if kind == "lstm":
                weights = (*weights, None) if len(weights) == 4 else weights
                if fused and weights[4] is None:
                    node = "MkldnnRnnLayer" if batch_sizes is None else "View"
                return apply(ops.lstm_layer, (input, batch_sizes, *states, *weights, reverse, node))
            if kind == "gru":
                return apply(ops.gru_layer, (input, batch_sizes, *states, *weights, reverse, node))
            return apply(ops.rnn_layer, (input, batch_sizes, *states, *weights, activation, reverse, node))

        bound.pop("input")
        if batch_sizes is not None and batch_sizes.device != input.device:
            batch_sizes = batch_sizes.to(input.device)
        output, finals = _run(name, layer, states, input, batch_sizes, **bound)
        if bound["batch_first"]:
            output = _permuted(output, (1, 0, 2), "Transpose" if kind == "lstm" else "TransposeBackward1")
        return (output, *finals)

    run.__name__ = run.__qualname__ = name
    run.__doc__ = (
        f"What `nn.{name.partition('_')[0].upper()}` computes: (input, hx, params, has_biases, num_layers, dropout, train, "
        "bidirectional, batch_first), or (data, batch_sizes, hx, ...) of packed sequences; returns output and final states."
    )
    FUNCTIONS[name] = run


_function("rnn_tanh", "rnn", "tanh")
_function("rnn_relu", "rnn", "relu")
_function("gru", "gru")
_function("lstm", "lstm")


def _check_step(input, states, w_ih, w_hh):
    if input.size(1) != w_ih.size(1):
        raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {w_ih.size(1)}")
    for i, state in enumerate(states):
        if input.size(0) != state.size(0):
            raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{i} batch size {state.size(0)}")
        if state.size(1) != w_hh.size(1):
            raise RuntimeError(f"hidden{i} has inconsistent hidden_size: got {state.size(1)}, expected {w_hh.size(1)}")


def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> Tensor:
    """tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    _check_step(input, (hx,), w_ih, w_hh)
    return apply(ops.rnn_cell, (input, hx, w_ih, w_hh, b_ih, b_hh, "tanh"))[0]


def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> Tensor:
    """relu(W_ih x + b_ih + W_hh h + b_hh)."""
    _check_step(input, (hx,), w_ih, w_hh)
    return apply(ops.rnn_cell, (input, hx, w_ih, w_hh, b_ih, b_hh, "relu"))[0]


def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> Tensor:
    """One step of a gated recurrent unit."""
    _check_step(input, (hx,), w_ih, w_hh)
    return apply(ops.gru_cell, (input, hx, w_ih, w_hh, b_ih, b_hh))[0]


def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> tuple[Tensor, Tensor]:
    """One step of long short-term memory: the next hidden and cell states."""
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    _check_step(input, hx, w_ih, w_hh)
    cell, gate = apply(ops.lstm_cell, (input, *hx, w_ih, w_hh, b_ih, b_hh))
    return apply(ops.lstm_cell_output, (gate, cell))[0], cell


for _cell in (rnn_tanh_cell, rnn_relu_cell, gru_cell, lstm_cell):
    FUNCTIONS[_cell.__name__] = _cell
