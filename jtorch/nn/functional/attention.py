"""Attention: the scaled dot product, and the several heads of it with their projections."""

import math
import warnings

import jtorch
from jtorch import random
from jtorch.dispatch import CPP_NAMES, apply
from jtorch.layout import preserved_strides
from jtorch.nn.functional.activation import softmax
from jtorch.nn.functional.dropout import dropout
from jtorch.nn.functional.linear import linear
from jtorch.nn.functional.padding import pad
from jtorch.ops import attention as ops
from jtorch.ops.shapes import broadcast_shapes
from jtorch.overloads import takes
from jtorch.tensor import Tensor

__all__ = [
    "_canonical_mask", "_check_key_padding_mask", "_in_projection", "_in_projection_packed", "_mha_shape_check", "_none_or_dtype",
    "multi_head_attention_forward", "scaled_dot_product_attention",
]  # fmt: skip

_FLASH = "ScaledDotProductFlashAttentionForCpu"


@takes("scaled_dot_product_attention", dropout_p="float", is_causal="bool", scale="float")
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query key^T / sqrt(E) + mask) value for query (..., L, E), key (..., S, E), value (..., S, Ev).

    In a bool mask True takes part; other masks are added. Dropout applies whenever its probability is positive.

    >>> import jtorch as torch
    >>> x = torch.ones(1, 1, 2, 4)
    >>> torch.nn.functional.scaled_dot_product_attention(x, x, x).shape
    torch.Size([1, 1, 2, 4])
    """
    _check_operands(query, key, value, attn_mask)
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    flash = _flash(query, key, value, attn_mask, dropout_p, enable_gqa)
    if is_causal and attn_mask is not None and not flash:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True\n"
            "Put the causal part into the mask."
        )
    if enable_gqa and query.dim() > 2:
        heads = query.size(-3)
        if heads % key.size(-3) or heads % value.size(-3):
            raise RuntimeError("Number of heads in key and value must divide the number of heads in \nquery")
    noise = _dropped_weights(query, key, value, dropout_p, enable_gqa) if dropout_p > 0 else None
    scale = (
        1 / math.sqrt(query.size(-1)) if scale is None and query.size(-1) else 1.0 if scale is None else float(scale)
    )
    args = (query, key, value, attn_mask, noise, scale, bool(is_causal), bool(enable_gqa), _node(query, key, flash))
    out = apply(ops.attention, args)[0]
    if flash and (strides := preserved_strides(query)) is not None:
        out._strides = out._storage.strides = strides
    return out


def _check_operands(query, key, value, mask):
    dtypes = [CPP_NAMES.get(x.dtype.name, x.dtype.name) for x in (query, key, value)]
    if len(set(dtypes)) > 1:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {dtypes[0]} key.dtype: {dtypes[1]} "
            f"and value.dtype: {dtypes[2]} instead."
        )
    if min(query.dim(), key.dim(), value.dim()) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.dim()} key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    if mask is None:
        return
    if mask.dtype not in (jtorch.bool, jtorch.float32) and mask.dtype is not query.dtype:
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{CPP_NAMES.get(mask.dtype.name, mask.dtype.name)} and  query.dtype: {dtypes[0]} instead."
        )
    if mask.dim() < 2:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-mask.dim()}, {mask.dim() - 1}], but got -2)"
        )


def _flash(query, key, value, mask, dropout_p, grouped) -> bool:
    """Whether torch would take its fused CPU kernel: what is observable of that is the name of the node."""
    if dropout_p > 0 or not query.dim() == key.dim() == value.dim() == 4:
        return False
    if key.shape != value.shape or query.size(-1) != key.size(-1) or query.size(0) != key.size(0):
        return False
    heads = query.size(1) == key.size(1) or (grouped and query.size(1) % max(key.size(1), 1) == 0)
    if not heads or 0 in query.shape or 0 in key.shape:
        return False
    if any(x.stride(-1) != 1 for x in (query, key, value)):
        return False
    return mask is None or (mask.dim() in (2, 4) and not mask.requires_grad)


def _node(query, key, flash):
    if flash:
        return _FLASH
    if 0 in query.shape or 0 in key.shape:
        return "Add"
    return "Mm" if query.dim() == 2 else "UnsafeView"


def _dropped_weights(query, key, value, p, grouped):
    """Dropout's factors for the weights, drawn in their shape."""
    shapes = [x.shape[:-2] for x in (query, key)]
    if grouped:
        shapes = shapes[:1]
    size = (*broadcast_shapes(*map(tuple, shapes)), query.size(-2), key.size(-2))
    if p == 1:
        return query.new_zeros(size)
    return random.dropout_noise(query, p, size)


# Several heads


def _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads) -> bool:
    """Raise if the inputs do not belong together; whether they are batched."""
    if query.dim() not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D query tensor"
        )
    n = query.dim()
    how = "batched (3-D)" if n == 3 else "unbatched (2-D)"
    if key.dim() != n or value.dim() != n:
        raise AssertionError(
            f"For {how} `query`, expected `key` and `value` to be {n}-D but found {key.dim()}-D and {value.dim()}-D tensors "
            "respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != n - 1:
        raise AssertionError(
            f"For {how} `query`, expected `key_padding_mask` to be `None` or {n - 1}-D but found {key_padding_mask.dim()}-D "
            "tensor instead"
        )
    if attn_mask is not None:
        if attn_mask.dim() not in (2, 3):
            raise AssertionError(
                f"For {how} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead"
            )
        wanted = (num_heads, query.shape[0], key.shape[0])
        if n == 2 and attn_mask.dim() == 3 and tuple(attn_mask.shape) != wanted:
            raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {attn_mask.shape}")
    return n == 3


def _none_or_dtype(input):
    """The dtype of a tensor that may be missing."""
    if input is None or isinstance(input, Tensor):
        return None if input is None else input.dtype
    raise RuntimeError("input to _none_or_dtype() must be None or torch.Tensor")


def _canonical_mask(mask, mask_name, other_type, other_name, target_type, check_other=True):
    """A mask as numbers to be added to scores: True becomes minus infinity."""
    if mask is None:
        return None
    if mask.dtype is not jtorch.bool and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and mask.dtype is not other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for both instead.",
            UserWarning,
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    return jtorch.zeros_like(mask, dtype=target_type).masked_fill_(mask, -math.inf)


def _check_key_padding_mask(key_padding_mask, src_len, bsz) -> None:
    """Raise if the mask has another size than (batch, keys)."""
    for d, wanted in enumerate((bsz, src_len)):
        if key_padding_mask.shape[d] != wanted:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{d}] to be {wanted}, but got {key_padding_mask.shape[d]}"
            )


def _blocks(x, count, size):
    """The parts of a packed projection (..., count * size), each in memory of its own order."""
    parts = x.unflatten(-1, (count, size)).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
    return [parts[i] for i in range(count)]


def _in_projection_packed(q, k, v, w, b=None):
    """Projections of query, key and value by one packed weight (3 E, E); those of one tensor are one product."""
    size = q.size(-1)
    if k is not v:
        weights, biases = w.chunk(3), (None,) * 3 if b is None else b.chunk(3)
        return tuple(linear(x, wx, bx) for x, wx, bx in zip((q, k, v), weights, biases, strict=True))
    if q is k:
        return tuple(_blocks(linear(q, w, b), 3, size))
    (w_q, w_kv), (b_q, b_kv) = w.split([size, 2 * size]), (None, None) if b is None else b.split([size, 2 * size])
    return linear(q, w_q, b_q), *_blocks(linear(k, w_kv, b_kv), 2, size)


def _in_projection(q, k, v, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Projections of query, key and value by a weight each."""
    size = q.size(-1)
    for word, weight, x in (("query", w_q, q), ("key", w_k, k), ("value", w_v, v)):
        wanted = (size, x.size(-1))
        if tuple(weight.shape) != wanted:
            raise AssertionError(f"expecting {word} weights shape of {wanted}, but got {weight.shape}")
    for word, bias in (("query", b_q), ("key", b_k), ("value", b_v)):
        if bias is not None and tuple(bias.shape) != (size,):
            raise AssertionError(f"expecting {word} bias shape of {(size,)}, but got {bias.shape}")
    return linear(q, w_q, b_q), linear(k, w_k, b_k), linear(v, w_v, b_v)


def multi_head_attention_forward(
    query,
    key,
    value,
    embed_dim_to_check,
    num_heads,
    in_proj_weight,
    in_proj_bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    out_proj_weight,
    out_proj_bias,
    training=True,
    key_padding_mask=None,
    need_weights=True,
    attn_mask=None,
    use_separate_proj_weight=False,
    q_proj_weight=None,
    k_proj_weight=None,
    v_proj_weight=None,
    static_k=None,
    static_v=None,
    average_attn_weights=True,
    is_causal=False,
):
    """Attention in several heads, with projections before and after: what `nn.MultiheadAttention` computes.

    query (L, N, E), key and value (S, N, E), or without N. In bool masks True is left out. Returns the output and, unless
    `need_weights` is False, the weights.
    """
    batched = _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        # One tensor given several times stays one tensor: its projection is then a single product.
        wide = {id(x): x.unsqueeze(1) for x in (query, key, value)}
        query, key, value = wide[id(query)], wide[id(key)], wide[id(value)]
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    key_padding_mask = _canonical_mask(
        key_padding_mask, "key_padding_mask", _none_or_dtype(attn_mask), "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the kernel knows the causal mask
    else:
        attn_mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, check_other=False)
        is_causal = is_causal and key_padding_mask is None
    _check_sizes(key, value, size, embed_dim_to_check, num_heads, use_separate_proj_weight)
    q, k, v = _projected(
        query,
        key,
        value,
        in_proj_weight,
        in_proj_bias,
        use_separate_proj_weight,
        q_proj_weight,
        k_proj_weight,
        v_proj_weight,
    )
    attn_mask = _with_head_dimension(attn_mask, batch, num_heads, length, key.size(0))
    masks = [attn_mask, key_padding_mask]
    if bias_k is not None and bias_v is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError(f"bias cannot be added to static {'key' if static_k is not None else 'value'}.")
        k, v = jtorch.cat([k, bias_k.repeat(1, batch, 1)]), jtorch.cat([v, bias_v.repeat(1, batch, 1)])
        masks = [None if m is None else pad(m, (0, 1)) for m in masks]
    elif bias_k is not None or bias_v is not None:
        raise AssertionError(
            "bias_k is set but bias_v is None" if bias_k is not None else "bias_v is set but bias_k is None"
        )
    width = size // num_heads
    q = q.view(length, batch * num_heads, width).transpose(0, 1)
    k = _in_heads(k, static_k, "static_k", batch * num_heads, width)
    v = _in_heads(v, static_v, "static_v", batch * num_heads, width)
    if add_zero_attn:
        k, v = (jtorch.cat([x, x.new_zeros((batch * num_heads, 1, width))], dim=1) for x in (k, v))
        masks = [None if m is None else pad(m, (0, 1)) for m in masks]
    attn_mask, key_padding_mask = masks
    count = k.size(1)
    if key_padding_mask is not None:
        _check_key_padding_mask(key_padding_mask, count, batch)
        spread = key_padding_mask.view(batch, 1, 1, count).expand(-1, num_heads, -1, -1)
        spread = spread.reshape(batch * num_heads, 1, count)
        attn_mask = spread if attn_mask is None else attn_mask + spread
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        out, weights = _weighted_heads(q, k, v, attn_mask, dropout_p)
        out = linear(out.transpose(0, 1).reshape(length * batch, size), out_proj_weight, out_proj_bias)
        out = out.view(length, batch, out.size(1))
        weights = weights.view(batch, num_heads, length, count)
        weights = weights.mean(dim=1) if average_attn_weights else weights
        return (out, weights) if batched else (out.squeeze(1), weights.squeeze(0))
    if attn_mask is not None:
        whole = attn_mask.size(0) == 1 and attn_mask.dim() == 3
        attn_mask = attn_mask.unsqueeze(0) if whole else attn_mask.view(batch, num_heads, -1, count)
    q = q.view(batch, num_heads, length, width)
    k, v = (x.view(batch, num_heads, count, width) for x in (k, v))
    out = scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal)
    out = linear(out.permute(2, 0, 1, 3).reshape(batch * length, size), out_proj_weight, out_proj_bias)
    out = out.view(length, batch, out.size(1))
    return (out if batched else out.squeeze(1)), None


def _check_sizes(key, value, size, wanted, num_heads, separate):
    if size != wanted:
        raise AssertionError(f"was expecting embedding dimension of {wanted}, but got {size}")
    if size // num_heads * num_heads != size:
        raise AssertionError(f"embed_dim {size} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _projected(query, key, value, weight, bias, separate, q_weight, k_weight, v_weight):
    if not separate:
        if weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        return _in_projection_packed(query, key, value, weight, bias)
    for name, given in (("q", q_weight), ("k", k_weight), ("v", v_weight)):
        if given is None:
            raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return _in_projection(query, key, value, q_weight, k_weight, v_weight, *biases)


def _with_head_dimension(mask, batch, num_heads, length, count):
    if mask is None:
        return None
    if mask.dim() == 2:
        if tuple(mask.shape) != (length, count):
            raise RuntimeError(f"The shape of the 2D attn_mask is {mask.shape}, but should be {(length, count)}.")
        return mask.unsqueeze(0)
    wanted = (batch * num_heads, length, count)
    if tuple(mask.shape) != wanted:
        raise RuntimeError(f"The shape of the 3D attn_mask is {mask.shape}, but should be {wanted}.")
    return mask


def _in_heads(x, static, name, rows, width):
    """(keys, N, E) as (N * heads, keys, E / heads), or what the caller gave for it."""
    if static is None:
        return x.view(x.shape[0], rows, width).transpose(0, 1)
    for d, wanted in ((0, rows), (2, width)):
        if static.size(d) != wanted:
            raise AssertionError(f"expecting {name}.size({d}) of {wanted}, but got {static.size(d)}")
    return static


def _weighted_heads(q, k, v, mask, dropout_p):
    """Output and weights; unlike the fused form, a row without any key gives NaN, as in torch."""
    scaled = q * math.sqrt(1.0 / float(q.size(-1)))
    if mask is None:
        scores = jtorch.bmm(scaled, k.transpose(-2, -1))
    else:
        scores = jtorch.baddbmm(mask, scaled, k.transpose(-2, -1))
    weights = softmax(scores, dim=-1)
    if dropout_p > 0:
        weights = dropout(weights, p=dropout_p)
    return jtorch.bmm(weights, v), weights
