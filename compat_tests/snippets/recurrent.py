"""Recurrent layers and cells: values, gradients, packed sequences, refusals."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence


def numbers(*shape, by=1.7, dtype=torch.float32):
    n = 1
    for s in shape:
        n *= s
    return torch.sin(torch.arange(n, dtype=torch.float64) * by).to(dtype).view(shape).requires_grad_()


def filled(m):
    for i, p in enumerate(m.parameters()):
        p.data = numbers(*p.shape, by=0.37 + 0.1 * i, dtype=p.dtype).detach() * 0.8
    return m


def flat(y):
    return [z for x in y for z in flat(x)] if isinstance(y, (tuple, list)) else [y]


def with_gradient(ys, *xs):
    total = sum((y * torch.cos(torch.arange(float(y.numel()), dtype=y.dtype).view(y.shape))).sum() for y in flat(ys))
    return [ys, *(g.contiguous() for g in torch.autograd.grad(total, xs))]


def second(ys, *xs):
    grads = torch.autograd.grad(sum((y * y).sum() for y in flat(ys)), xs, create_graph=True)
    return [g.contiguous() for g in torch.autograd.grad(sum((g * g).sum() for g in grads), xs)]


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]

x = numbers(4, 2, 3)
three = [numbers(n, 3, by=0.3 + n) for n in (4, 3, 1)]

# --- rnn gradients
[with_gradient(m(x, numbers(1, 2, 4)), x, *m.parameters()) for m in (filled(nn.RNN(3, 4)), filled(nn.RNN(3, 4, nonlinearity="relu")), filled(nn.RNN(3, 4, bias=False)))]
# --- gru gradients
h = numbers(1, 2, 4)
[with_gradient(m(x, h), x, h, *m.parameters()) for m in (filled(nn.GRU(3, 4)), filled(nn.GRU(3, 4, bias=False)))]
# --- lstm gradients
h, c = numbers(1, 2, 4), numbers(1, 2, 4, by=0.6)
[with_gradient(m(x, (h, c)), x, h, c, *m.parameters()) for m in (filled(nn.LSTM(3, 4)), filled(nn.LSTM(3, 4, bias=False)))]
# --- lstm with projections
import warnings
warnings.simplefilter("ignore")
m = filled(nn.LSTM(3, 4, proj_size=2, num_layers=2, bidirectional=True))
h, c = numbers(4, 2, 2), numbers(4, 2, 4, by=0.6)
with_gradient(m(x, (h, c)), x, h, c, *m.parameters())
# --- stacked in both directions
[with_gradient(m(x), x, *m.parameters()) for m in (filled(k(3, 2, num_layers=2, bidirectional=True)) for k in (nn.RNN, nn.GRU, nn.LSTM))]
# --- batch first
y = x.detach().transpose(0, 1).contiguous().requires_grad_()
[with_gradient(m(y), y, *m.parameters()) for m in (filled(k(3, 2, batch_first=True, bidirectional=b)) for k in (nn.RNN, nn.GRU, nn.LSTM) for b in (False, True))]
# --- without a batch
[filled(k(3, 2))(x[:, 0]) for k in (nn.RNN, nn.GRU, nn.LSTM)] + [filled(nn.LSTM(3, 2))(x[:, 0], (torch.ones(1, 2), torch.zeros(1, 2)))]
# --- packed sequences
[with_gradient(list(m(pack_sequence(three))[0][:1]) + flat(m(pack_sequence(three))[1]), *three, *m.parameters()) for m in (filled(k(3, 2, num_layers=2, bidirectional=b)) for k in (nn.RNN, nn.GRU, nn.LSTM) for b in (False, True))]
# --- packed sequences out of order
p = pack_padded_sequence(numbers(3, 4, 3), [2, 4, 1], batch_first=True, enforce_sorted=False)
y, h = filled(nn.GRU(3, 2, batch_first=True))(p, numbers(1, 3, 2))
[pad_packed_sequence(y, batch_first=True), h, y.data, y.batch_sizes, y.sorted_indices, y.unsorted_indices]
# --- packed sequences of equal lengths
p = pack_sequence([numbers(2, 3), numbers(2, 3, by=0.4)])
[filled(k(3, 2))(p)[0].data for k in (nn.RNN, nn.GRU, nn.LSTM)]
# --- packed lstm with projections
import warnings
warnings.simplefilter("ignore")
m = filled(nn.LSTM(3, 4, proj_size=2, bidirectional=True))
y, (h, c) = m(pack_sequence(three))
with_gradient([y.data, h, c], *three, *m.parameters())
# --- in float64 with second gradients
import warnings
warnings.simplefilter("ignore")
y = numbers(3, 2, 2, dtype=torch.float64)
ms = [filled(k(2, 2, dtype=torch.float64)) for k in (nn.RNN, nn.GRU, nn.LSTM)] + [filled(nn.LSTM(2, 3, proj_size=2, bidirectional=True, dtype=torch.float64))]
[[m(y)[0], second(m(y), y, *m.parameters())] for m in ms]
# --- dropout between layers
torch.manual_seed(0)
m = filled(nn.LSTM(3, 4, num_layers=3, dropout=0.5))
n = filled(nn.GRU(3, 4, num_layers=2, dropout=0.5, batch_first=True))
[m(x), n(x), m.eval()(x)]
# --- without gradients
with torch.no_grad():
    y = [filled(k(3, 2))(x) for k in (nn.RNN, nn.GRU, nn.LSTM)]
y
# --- one step
y = numbers(1, 2, 3)
[filled(k(3, 2))(y) for k in (nn.RNN, nn.GRU, nn.LSTM)]
# --- functions of torch
m, n = filled(nn.LSTM(3, 4)), filled(nn.GRU(3, 4, batch_first=True))
p = pack_sequence(three)
[torch.lstm(x, (torch.zeros(1, 2, 4), torch.ones(1, 2, 4)), list(m.parameters()), True, 1, 0.0, False, False, False), torch.gru(x, torch.zeros(1, 4, 4), list(n.parameters()), True, 1, 0.0, True, False, True), torch.lstm(p.data, p.batch_sizes, (torch.zeros(1, 3, 4), torch.ones(1, 3, 4)), list(m.parameters()), True, 1, 0.0, False, False), torch.rnn_tanh(x, torch.zeros(1, 2, 4), list(filled(nn.RNN(3, 4)).parameters()), True, 1, 0.0, True, False, False)]
# --- cells
t, h, c = numbers(2, 3), numbers(2, 4, by=0.3), numbers(2, 4, by=0.8)
a, b, d, e = filled(nn.RNNCell(3, 4)), filled(nn.RNNCell(3, 4, nonlinearity="relu")), filled(nn.GRUCell(3, 4)), filled(nn.LSTMCell(3, 4))
[with_gradient(m(t, h), t, h, *m.parameters()) for m in (a, b, d)] + [with_gradient(e(t, (h, c)), t, h, c, *e.parameters()), filled(nn.GRUCell(3, 4, bias=False))(t), e(t[0]), a(t[0], h[0])]
# --- cells in a loop
torch.manual_seed(0)
m = nn.LSTMCell(3, 4)
h = c = torch.zeros(2, 4)
for row in x:
    h, c = m(row, (h, c))
h.sum().backward()
[h, c, m.weight_hh.grad, x.grad]
# --- cells second gradients
t = numbers(2, 2, dtype=torch.float64)
[second(m(t), t, *m.parameters()) for m in (filled(k(2, 2, dtype=torch.float64)) for k in (nn.RNNCell, nn.GRUCell, nn.LSTMCell))]
# --- refusals
m, n = nn.LSTM(3, 4), nn.GRU(3, 4)
t = torch.ones
calls = [
    lambda: m(t(4, 2, 5)), lambda: m(t(4, 2, 3), (t(1, 3, 4), t(1, 3, 4))), lambda: m(t(4, 2, 3), (t(1, 2, 4), t(1, 2, 5))), lambda: n(t(4, 2, 3), t(1, 2, 5)), lambda: n(t(4, 2, 3), t(2, 4)), lambda: n(t(4, 2, 3).double()), lambda: n(t(3)), lambda: n(t(4, 3), t(1, 2, 4)),
    lambda: nn.GRUCell(3, 4)(t(2, 5)), lambda: nn.GRUCell(3, 4)(t(2, 3), t(3, 4)), lambda: nn.GRUCell(3, 4)(t(2, 3), t(2, 5)), lambda: nn.LSTMCell(3, 4)(t(2, 3), (t(2, 4), t(2, 5))), lambda: nn.RNNCell(3, 4)(t(1, 2, 3)), lambda: nn.RNN(3, 4, nonlinearity="foo"), lambda: nn.LSTM(3, 0), lambda: nn.LSTM(3, 4, proj_size=4), lambda: nn.GRU(3, 4, proj_size=2), lambda: nn.LSTMCell(3, 4)(t(3, 2, 3)),
]
[refusal(c) for c in calls]
