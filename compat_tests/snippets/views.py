"""Views: aliasing through chains, strides, contiguity, storage."""
import numpy as np
import torch

# --- view shares
x = torch.zeros(2, 3)
y = x.view(6)
y[1] = 5
x[1, 2] = 7
[x, y]
# --- view with -1 and dtype
x = torch.arange(6, dtype=torch.float32)
[x.view(2, -1), x.view(-1, 3, 1).shape, x.view((3, 2)), x.view(torch.int32)[1], x.view(torch.Size([6]))]
# --- view of a transposed with compatible strides
x = torch.arange(24).view(2, 3, 4).transpose(0, 1)
[x.stride(), x.view(3, 2, 2, 2).stride(), x.is_contiguous()]
# --- reshape copies or not
x = torch.zeros(2, 3)
x.reshape(6)[0] = 1
x.t().reshape(6)[1] = 9
x
# --- reshape like flatten
x = torch.arange(6).view(1, 2, 3)
[x.flatten(), x.flatten(1), x.flatten(0, 1), x.ravel(), torch.flatten(torch.tensor(3)), x.unflatten(2, (3, 1)).shape, x.reshape(-1, 2)]
# --- flatten aliases when it can
x = torch.zeros(2, 2)
x.flatten()[0] = 1
x.ravel()[1] = 2
x.t().flatten()[2] = 3
x
# --- transpose shares
x = torch.zeros(2, 3)
x.t()[0, 1] = 1
x.transpose(0, 1).add_(1)
x.T[2] = 9
[x, x.t().stride()]
# --- permute movedim swapaxes
x = torch.arange(24).view(2, 3, 4)
[x.permute(2, 0, 1).stride(), x.permute((1, 0, 2)).shape, x.movedim(0, -1).shape, x.swapaxes(0, 2).stride(), torch.permute(x, (0, 2, 1)).shape, x.mT.shape, x.permute(-1, 0, 1).is_contiguous()]
# --- squeeze and unsqueeze
x = torch.zeros(1, 2, 1)
[x.squeeze().shape, x.squeeze(0).shape, x.squeeze(1).shape, x.squeeze(-1).stride(), x.unsqueeze(0).shape, x.unsqueeze(-1).stride(), x.squeeze((0, 2)).shape]
# --- unsqueeze strides
x = torch.zeros(2, 3)
[x.unsqueeze(0).stride(), x.unsqueeze(1).stride(), x.unsqueeze(2).stride(), x.t().unsqueeze(1).stride()]
# --- squeeze write
x = torch.zeros(1, 3)
x.squeeze(0)[1] = 4
x.unsqueeze(2)[0, 0, 0] = 2
x
# --- expand has stride 0
x = torch.arange(3).view(3, 1)
y = x.expand(3, 4)
[y, y.stride(), x.expand(2, -1, 4).stride(), x.expand_as(torch.zeros(3, 2)), torch.tensor(1).expand(2, 2).stride(), torch.broadcast_to(x, (3, 2))]
# --- expand sees writes to its base
x = torch.zeros(3, 1)
y = x.expand(3, 2)
x[1] = 5
y
# --- repeat and tile copy
x = torch.tensor([1, 2])
[x.repeat(2), x.repeat(2, 2), x.tile((2, 1)), x.repeat_interleave(2), x.repeat_interleave(torch.tensor([1, 3])), torch.repeat_interleave(x.view(1, 2), 2, dim=1)]
# --- chunk and split are views
x = torch.arange(6.0)
a, b, c = x.chunk(3)
a.zero_()
x.split(4)[1].fill_(-1)
b, c = x.split([2, 4])
c[0] = 100
x
# --- chunk counts
x = torch.arange(7)
[x.chunk(3), x.split(3), x.tensor_split(3), torch.split(x.view(1, 7), [3, 4], 1), [t.shape for t in torch.chunk(torch.zeros(4, 5), 2, 1)]]
# --- unbind stack roundtrip
x = torch.arange(6).view(2, 3)
[x.unbind(), x.unbind(1), torch.stack(x.unbind(1), 1), torch.stack([x, x], -1).shape]
# --- unbind views write
x = torch.zeros(2, 2)
a, b = x.unbind(0)
b[0] = 3
x
# --- chain of views writes to the base
x = torch.zeros(4, 6)
v = x[1:, ::2].t()[1:].unsqueeze(0)[..., 1:]
v += 1
v[0, 0, 0] = 9
[x, v.shape, v.stride(), v.storage_offset()]
# --- write to base seen through chain
x = torch.zeros(2, 3)
v = x.t()[1].view(2)
x[:, 1] = torch.tensor([4.0, 5.0])
[v, v.stride()]
# --- contiguous
x = torch.arange(6).view(2, 3)
[x.contiguous() is x, x.t().contiguous().stride(), x.t().is_contiguous(), x[:, :1].is_contiguous(), x[:1].is_contiguous(), x.t().contiguous().view(6)]
# --- as_strided
x = torch.arange(9)
y = x.as_strided((3, 3), (1, 2), 1)
z = torch.as_strided(x, (2, 2), (4, 1))
z[0, 0] = 50
[y, z, x]
# --- storage queries
x = torch.arange(6, dtype=torch.float32)
y = x[2:]
[y.storage_offset(), x.data_ptr() == y.data_ptr(), y.data_ptr() - x.data_ptr(), x.untyped_storage().size(), y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr(), y._base is x, x._base is None, y.untyped_storage().nbytes()]
# --- base of chained views
x = torch.zeros(4, 4)
y = x[1:].t()
[y._base is x, y._is_view(), x._is_view(), x.detach()._is_view(), x.clone()._is_view()]
# --- view_as_real writes
x = torch.zeros(2, dtype=torch.complex64)
torch.view_as_real(x)[:, 1] = 3
x.real.fill_(2)
[x, torch.view_as_complex(torch.ones(2, 2))]
# --- real and imag are views
x = torch.tensor([1 + 2j, 3 + 4j])
x.imag[0] = 9
[x, x.real.stride()]
# --- diagonal strides
x = torch.arange(12).view(3, 4)
[x.diagonal().stride(), x.diagonal(1).storage_offset(), x.diagonal(-1), torch.diagonal(torch.arange(8).view(2, 2, 2), dim1=1, dim2=2)]
# --- view_as and reshape_as
x = torch.arange(6)
[x.view_as(torch.zeros(2, 3)), x.reshape_as(torch.zeros(3, 2))]
# --- strides of results follow the inputs
x = torch.arange(6.0).view(2, 3).t()
[(x + 1).stride(), x.exp().stride(), (x * x).stride(), (x + torch.ones(3, 2)).stride(), torch.zeros_like(x).stride(), x.sum(0, keepdim=True).stride()]
# --- in place through transposed
x = torch.arange(6.0).view(2, 3)
x.t().mul_(torch.tensor([1.0, 10.0]))
x
# --- detach shares
x = torch.zeros(2, requires_grad=True)
x.detach()[0] = 5
x.data[1] = 6
[x, x.detach().requires_grad, x.data.is_leaf]
# --- setting data
x = torch.zeros(2)
y = x.view(2, 1)
x.data = torch.ones(3)
[x, y, x.shape]
# --- set_ and resize_
x = torch.arange(6.0)
y = x.resize_(2, 3)
[y is x, x, x.resize_(2)]
# --- copy_ into a view
x = torch.zeros(2, 3)
x[:, 1].copy_(torch.tensor([5, 6]))
x[0].copy_(torch.ones(1))
x
# --- swap by views
x = torch.arange(4)
a = x[:2].clone()
x[:2] = x[2:]
x[2:] = a
x
# --- numpy view both ways
x = torch.zeros(2, 3)
n = x.t().numpy()
n[0, 1] = 5
x[0, 2] = 7
print(n, n.strides, n.flags["C_CONTIGUOUS"])
x
# --- numpy of a slice
x = torch.arange(6)
n = x[1::2].numpy()
n += 100
x.mul_(2)
[x, n]
# --- numpy alias made after a computation
x = torch.ones(3) + 1
n = x.numpy()
x += 1
n[0] = 50
y = x * 2
n[1] = 60
[x, y, n]
# --- numpy alias outlives the tensor
n = (torch.ones(2) * 3).numpy()
n[0] = 1
n
# --- numpy of a numpy slice
a = np.arange(6.0)
t = torch.from_numpy(a[2:5])
t[0] = -1
t.view(3, 1)[2] = -2
a
# --- id of results
x = torch.ones(2)
[x.view(2) is x, x[:] is x, x.add_(1) is x, x.requires_grad_() is x, x.detach() is x, x.to(torch.float32) is x, x.cpu() is x]
# --- strides of new tensors
[torch.zeros(2, 3, 4).stride(), torch.zeros(0, 3).stride(), torch.zeros(()).stride(), torch.zeros(2, 1, 3).stride(), torch.empty(2, 0, 3).stride(), torch.empty_strided((2, 3), (1, 2)).stride()]
# --- channels last
x = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
[x.stride(), x.is_contiguous(), x.is_contiguous(memory_format=torch.channels_last), x.contiguous().stride()]
# --- narrow and select writes
x = torch.zeros(3, 3)
x.narrow(0, 1, 2).fill_(1)
x.select(1, 0).fill_(2)
x
# --- unfold write
x = torch.zeros(6)
x.unfold(0, 2, 3)[1].fill_(4)
x
# --- hsplit vsplit
x = torch.arange(8).view(2, 4)
[torch.hsplit(x, 2), torch.vsplit(x, 2), torch.hstack([x, x]).shape, torch.vstack([x, x]).shape, torch.dstack([x, x]).shape]
# --- as_strided of a part with its own history
x = torch.arange(6.0)
y = x.view(2, 3).requires_grad_()
z = y.as_strided((2, 2), (1, 1), 1)
z.sum().backward()
print(y.grad, z)
a = torch.arange(12.0).reshape(3, 4)
a.as_strided_((2, 2), (4, 1), storage_offset=1)
print(a, a.stride(), a.storage_offset())
v = torch.arange(12.0)[4:8]
r = torch.as_strided_scatter(v, torch.zeros(2), (2,), (1,))
print(r, r.storage_offset())
# --- padding that crops one end
q = torch.arange(12.0).reshape(1, 1, 3, 4)
print(torch.nn.functional.pad(q, (-2, 3, 0, 1), "replicate"), torch.nn.functional.pad(q, (-2, 2, 0, 1), "reflect"))
print(torch.nn.functional.cosine_similarity(torch.ones(2, 3), torch.ones(2, 1, 3), dim=-1))
torch.nn.functional.cosine_similarity(torch.tensor(2.0), torch.tensor(3.0), dim=0)
# --- as_strided with a size that is a tensor
x = torch.arange(6.0)
rows = torch.div(6, 2, rounding_mode="trunc")
[x.as_strided((rows, 2), (2, 1)), torch.as_strided(x, size=[2, torch.tensor(2)], stride=(torch.tensor(1), 1))]
