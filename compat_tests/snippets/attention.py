"""Attention and transformer layers: values, gradients, masks, refusals."""
import torch
import torch.nn.functional as F
from torch import nn


def numbers(*shape, by=1.7):
    n = 1
    for s in shape:
        n *= s
    return torch.sin(torch.arange(float(n)) * by).view(shape)


def with_gradient(y, *xs):
    grads = torch.autograd.grad((y * torch.cos(torch.arange(float(y.numel())).view(y.shape))).sum(), xs)
    return [y, *(g.contiguous() for g in grads)]


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]

q, k, v = (numbers(2, 2, n, 4, by=b).requires_grad_() for n, b in ((3, 1.7), (5, 0.9), (5, 2.3)))

# --- scaled_dot_product_attention
[with_gradient(F.scaled_dot_product_attention(q, k, v), q, k, v), with_gradient(F.scaled_dot_product_attention(q, k, v, is_causal=True), q, k, v), F.scaled_dot_product_attention(q, k, v, scale=0.3), F.scaled_dot_product_attention(q, k, v, scale=-1.0)]
# --- scaled_dot_product_attention masks
m = numbers(3, 5).requires_grad_()
b = torch.tensor([[True, False, True, True, False], [False] * 5, [True] * 5])
[with_gradient(F.scaled_dot_product_attention(q, k, v, m), q, k, v, m), with_gradient(F.scaled_dot_product_attention(q, k, v, b), q, k, v), F.scaled_dot_product_attention(q, k, v, torch.zeros(3, 5).masked_fill(~b, -float("inf"))), F.scaled_dot_product_attention(q, k, v, numbers(2, 1, 1, 5)), F.scaled_dot_product_attention(q, k, v, numbers(2, 3, 5)), F.scaled_dot_product_attention(q, k, v, b, is_causal=True)]
# --- scaled_dot_product_attention of fewer and more dimensions
[with_gradient(F.scaled_dot_product_attention(q[0], k[0], v[0]), q, k, v), F.scaled_dot_product_attention(q[0, 0], k[0, 0], v[0, 0]), F.scaled_dot_product_attention(q[None], k[None], v[None]), F.scaled_dot_product_attention(q, k, v[..., :3]), F.scaled_dot_product_attention(q[:1], k, v), F.scaled_dot_product_attention(q, k[:, :, :0], v[:, :, :0])]
# --- scaled_dot_product_attention of groups
[with_gradient(F.scaled_dot_product_attention(q, k[:, :1], v[:, :1], enable_gqa=True), q, k, v), F.scaled_dot_product_attention(numbers(1, 6, 2, 3), numbers(1, 3, 4, 3), numbers(1, 2, 4, 3), enable_gqa=True)]
# --- scaled_dot_product_attention of doubles and halves
[F.scaled_dot_product_attention(q.double(), k.double(), v.double()), F.scaled_dot_product_attention(q.detach().bfloat16(), k.detach().bfloat16(), v.detach().bfloat16()).float() - F.scaled_dot_product_attention(q, k, v) < 0.02]
# --- scaled_dot_product_attention dropout
torch.manual_seed(3)
[with_gradient(F.scaled_dot_product_attention(q, k, v, dropout_p=0.4), q, k, v), torch.rand(2), F.scaled_dot_product_attention(q, k, v, dropout_p=1.0)]
# --- scaled_dot_product_attention keeps the order in memory
x = numbers(1, 3, 2, 2).transpose(1, 2)
F.scaled_dot_product_attention(x, x, x).stride()
# --- scaled_dot_product_attention refusals
o = torch.ones
sdpa = F.scaled_dot_product_attention
calls = [
    lambda: sdpa(q, k, v.double()), lambda: sdpa(q[0, 0, 0], k, v), lambda: sdpa(q, k, v, o(3, 5).long()), lambda: sdpa(q[0], k[0], v[0], o(3, 5), is_causal=True), lambda: sdpa(o(1, 2, 3), o(1, 2, 4), o(1, 2, 4)), lambda: sdpa(o(2, 3), o(2, 4), o(2, 4)),
    lambda: sdpa(o(1, 2, 3), o(1, 5, 3), o(1, 4, 3)), lambda: sdpa(o(2, 2, 3), o(3, 2, 3), o(2, 2, 3)), lambda: sdpa(o(1, 2, 3), o(1, 2, 3), o(1, 2, 3), o(3, 2)), lambda: sdpa(q, k, v, o(5)), lambda: sdpa(q, k, v, dropout_p=1.5),
    lambda: sdpa(o(1, 2, 2, 2), o(1, 3, 2, 2), o(1, 3, 2, 2), enable_gqa=True), lambda: sdpa(o(1, 2, 2).long(), o(1, 2, 2).long(), o(1, 2, 2).long()), lambda: sdpa(q, k, v, o(1, 1, 1, 3, 5)), lambda: sdpa(q, k, v, None, 0.0, False, 0.5),
]
[refusal(c) for c in calls]
# --- attention second gradient
y = F.scaled_dot_product_attention(q.double(), k.double(), v.double(), scale=0.7, dropout_p=0.0, attn_mask=numbers(3, 5).double().requires_grad_())
(g,) = torch.autograd.grad(y.pow(2).sum(), q, create_graph=True)
[x.contiguous() for x in torch.autograd.grad(g.pow(2).sum(), [q, k, v])]
# --- multihead attention
torch.manual_seed(0)
m = nn.MultiheadAttention(4, 2)
t, s = numbers(3, 2, 4).requires_grad_(), numbers(5, 2, 4, by=0.4).requires_grad_()
y, w = m(t, s, s)
[with_gradient(y, t, s, *m.parameters()), w, with_gradient(m(t, t, t)[0], t, m.in_proj_weight), with_gradient(m(t, s, s * 2)[0], t, s)]
# --- multihead attention masks
torch.manual_seed(0)
m = nn.MultiheadAttention(4, 2, batch_first=True)
t = numbers(2, 3, 4).requires_grad_()
p = torch.tensor([[False, False, True], [False, True, True]])
c = nn.Transformer.generate_square_subsequent_mask(3)
[m(t, t, t, key_padding_mask=p), m(t, t, t, attn_mask=c), m(t, t, t, attn_mask=c, is_causal=True, need_weights=False), m(t, t, t, attn_mask=torch.ones(3, 3).triu(1).bool(), key_padding_mask=p, average_attn_weights=False), m(t, t, t, attn_mask=numbers(4, 3, 3), need_weights=False), m(t, t, t, key_padding_mask=p, need_weights=False)]
# --- multihead attention mismatched masks
m = nn.MultiheadAttention(4, 2, batch_first=True)
nn.init.ones_(m.in_proj_weight)
nn.init.ones_(m.out_proj.weight)
t = numbers(2, 3, 4)
m(t, t, t, key_padding_mask=torch.zeros(2, 3, dtype=torch.bool), attn_mask=torch.zeros(3, 3))
# --- multihead attention options
torch.manual_seed(0)
a, b, c = nn.MultiheadAttention(4, 2, kdim=3, vdim=5), nn.MultiheadAttention(4, 2, bias=False), nn.MultiheadAttention(4, 1, add_bias_kv=True, add_zero_attn=True)
t, s, u = numbers(3, 2, 4).requires_grad_(), numbers(5, 2, 3, by=0.4), numbers(5, 2, 5, by=0.3)
[with_gradient(a(t, s, u)[0], t, *a.parameters()), b(t, t, t), c(t, t, t), c(t, t, t, need_weights=False), b(t[:, 0], t[:, 0], t[:, 0]), b(t[:, 0], t[:, 0], t[:, 0], key_padding_mask=torch.tensor([False, True, False]))]
# --- multihead attention dropout
torch.manual_seed(0)
m = nn.MultiheadAttention(4, 2, dropout=0.5)
t = numbers(3, 2, 4)
[m(t, t, t), m(t, t, t, need_weights=False), m.eval()(t, t, t)]
# --- multihead attention of a fully masked row
m = nn.MultiheadAttention(4, 2)
t = numbers(3, 1, 4)
p = torch.ones(1, 3, dtype=torch.bool)
[m(t, t, t, key_padding_mask=p)[1].isnan().all(), m(t, t, t, key_padding_mask=p, need_weights=False)[0].isnan().any()]
# --- multihead attention refusals
m = nn.MultiheadAttention(4, 2)
t = numbers(3, 2, 4)
calls = [
    lambda: m(t[None], t, t), lambda: m(t, t[0], t), lambda: m(t[0], t, t), lambda: m(t, t, t, key_padding_mask=torch.zeros(3)), lambda: m(t, t, t, attn_mask=torch.zeros(3)), lambda: m(t, t, t, attn_mask=torch.zeros(3, 4)),
    lambda: m(t, t, t, attn_mask=torch.zeros(3, 3, 3)), lambda: m(t, t, t, key_padding_mask=torch.zeros(3, 3)), lambda: m(t, t, t, attn_mask=torch.zeros(3, 3).long()), lambda: m(t[..., :3], t, t), lambda: m(t, t, t[:2]),
    lambda: m(t, t, t, is_causal=True), lambda: m(t[:, 0], t[:, 0], t[:, 0], attn_mask=torch.zeros(1, 3, 3)), lambda: m(t, t, t, key_padding_mask=torch.zeros(2, 4)),
]
[refusal(c) for c in calls]
# --- transformer encoder layer
torch.manual_seed(0)
m = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
n = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, activation="gelu", norm_first=True)
x = numbers(2, 3, 4).requires_grad_()
p = torch.tensor([[False, False, True], [False, True, True]])
[with_gradient(m(x), x, *m.parameters()), n(x), m(x, src_key_padding_mask=p), n(x, src_mask=nn.Transformer.generate_square_subsequent_mask(2), is_causal=True), m.eval()(x)]
# --- transformer encoder
torch.manual_seed(0)
m = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True), 2, norm=nn.LayerNorm(4))
x = numbers(2, 3, 4)
[m(x), m(x, mask=nn.Transformer.generate_square_subsequent_mask(3)), m.eval()(x)]
# --- transformer encoder in evaluation with padding
torch.manual_seed(0)
m = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True), 2).eval()
x = numbers(2, 3, 4)
p = torch.tensor([[False, False, True], [False, False, False]])
import warnings
with torch.no_grad(), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    y = [m(x, src_key_padding_mask=q) for q in (p, p.flip(1))]
y
# --- transformer encoder dropout
torch.manual_seed(0)
m = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.3)
m(numbers(3, 2, 4))
# --- transformer decoder layer
torch.manual_seed(0)
m = nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0)
x, y = numbers(3, 2, 4).requires_grad_(), numbers(5, 2, 4, by=0.6).requires_grad_()
[with_gradient(m(x, y), x, y, *m.parameters()), m(x, y, tgt_mask=nn.Transformer.generate_square_subsequent_mask(3), tgt_is_causal=True, memory_key_padding_mask=torch.zeros(2, 5, dtype=torch.bool))]
# --- transformer
torch.manual_seed(0)
m = nn.Transformer(4, 2, 1, 1, 8, dropout=0.0)
x, y = numbers(3, 2, 4), numbers(5, 2, 4, by=0.6)
[m(y, x), m(y, x, tgt_mask=nn.Transformer.generate_square_subsequent_mask(3)), nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)]
# --- transformer refusals
m = nn.Transformer(4, 2, 1, 1, 8)
calls = [lambda: m(torch.ones(3, 2, 4), torch.ones(3, 1, 4)), lambda: m(torch.ones(3, 2, 3), torch.ones(3, 2, 3)), lambda: nn.TransformerEncoderLayer(4, 2, activation="foo"), lambda: nn.MultiheadAttention(5, 2)]
[refusal(c) for c in calls]
