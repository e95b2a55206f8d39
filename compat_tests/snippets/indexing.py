"""Indexing: reading and assigning by ints, slices, None, ellipsis, masks, index tensors and mixtures."""
import torch

x = torch.arange(24).view(2, 3, 4)

# --- int
[x[0], x[-1], x[1, 2], x[1, 2, 3], x[0][1][2]]
# --- slices
[x[0:1], x[:, 1:], x[:, ::2], x[:, :, 1:4:2], x[5:], x[:, -2:], x[..., :-1]]
# --- views of slices have strides and offsets
y = x[:, 1:, ::2]
[y.stride(), y.storage_offset(), y.is_contiguous(), x[1].storage_offset(), x[:, 1].stride()]
# --- none
[x[None].shape, x[:, None].shape, x[..., None].shape, x[0, None, :, None].shape, x[None, 0].stride()]
# --- ellipsis
[x[..., 0], x[0, ...], x[...].shape, x[0, ..., 1], x[..., 1, 2]]
# --- mask
[x[x > 20], x[x % 2 == 0].shape, x[torch.tensor([True, False])].shape, x[:, torch.tensor([True, False, True])].shape]
# --- mask of two dimensions
m = torch.tensor([[True, False, True], [False, False, True]])
x[m]
# --- mask in the middle
x[0, torch.tensor([True, False, True]), 1:3]
# --- python bool index
[x[True].shape, x[False].shape, x[:, True].shape]
# --- uint8 mask warns
x[torch.tensor([1, 0], dtype=torch.uint8)]
# --- index tensor
i = torch.tensor([1, 0, 1])
[x[i].shape, x[:, i], x[i, i], x[i, i, i]]
# --- index list
[x[[0, 1]].shape, x[[1]], x[:, [0, 2]], x[[0, 1], [1, 2]]]
# --- index tensors broadcast
x[torch.tensor([[0], [1]]), torch.tensor([[0, 2]])]
# --- index tensor and slice
[x[torch.tensor([0, 1]), 1:], x[:, torch.tensor([2, 0]), 1], x[torch.tensor([1]), :, torch.tensor([2, 3])]]
# --- separated index tensors go first
[x[torch.tensor([0, 1]), :, torch.tensor([0, 1])].shape, x[:, torch.tensor([0, 1]), torch.tensor([0, 1])].shape, x[0, :, torch.tensor([0, 1])].shape]
# --- negative index tensor
x[torch.tensor([-1]), torch.tensor([-3])]
# --- 0-dim index tensor is an int
y = x[torch.tensor(1)]
[y.shape, y.storage_offset(), x[:, torch.tensor(2)]]
# --- index tensor with None
x[torch.tensor([0, 1]), None].shape
# --- empty index
[x[torch.tensor([], dtype=torch.long)].shape, x[[]].shape, x[1:1].shape]
# --- range and numpy index
import numpy as np
[x[range(2)].shape, x[np.array([1, 0])][:, 0, 0], x[np.int64(1), 0, 0], x[:, np.array([True, False, True])].shape]
# --- result of index tensor is a copy
y = x[torch.tensor([0])]
y[:] = -1
x[0, 0]
# --- assign int
x[0, 1, 2] = 100
x
# --- assign row broadcast
x[1] = torch.arange(4)
x
# --- assign slice
x[:, 1:, ::2] = -1
x
# --- assign none
x[0, None, 1] = 7
x
# --- assign ellipsis
x[..., 0] = torch.tensor([10, 20, 30])
x
# --- assign mask number
x[x > 10] = 0
x
# --- assign mask tensor
x[x < 4] = torch.tensor([9, 8, 7, 6])
x
# --- assign rows by mask
x[torch.tensor([False, True])] = torch.zeros(3, 4, dtype=torch.long)
x
# --- assign index tensor
x[torch.tensor([0, 1]), torch.tensor([1, 2])] = torch.tensor([[1], [2]])
x
# --- assign index tensor and slice
x[:, torch.tensor([0, 2]), 1:3] = 5
x
# --- assign index list
x[[1, 0], [0, 1], [2, 3]] = torch.tensor([-1, -2])
x
# --- assign with leading ones dropped
x[0, 0] = torch.ones(1, 1, 4, dtype=torch.long)
x[0]
# --- assign casts the value
x[0, 0, 0] = 3.9
x[0, 0, 1] = torch.tensor(2.7)
x[0, 0]
# --- assign 0-dim tensor
y = torch.zeros(3)
y[1] = torch.tensor(4)
y
# --- assign to everything
y = torch.zeros(2, 2)
y[:] = 1
y[...] += 1
y
# --- assign self overlap
y = torch.arange(6)
y[1:] = y[:-1].clone()
y
# --- augmented slice
y = torch.zeros(2, 3)
y[0, :1] += 1
y[:, 2] -= torch.tensor([1.0, 2.0])
y[1] *= 3
y
# --- augmented mask
y = torch.arange(5.0)
y[y > 2] *= 10
y
# --- augmented index tensor does not accumulate
y = torch.zeros(3)
y[torch.tensor([0, 0, 1])] += 1
y
# --- chained row view write
y = torch.zeros(2, 3)
y[0][1] = 5
y[1][1:][0] = 6
y
# --- iteration gives views
y = torch.zeros(2, 2)
for n, row in enumerate(y):
    row.fill_(n + 1)
y
# --- unpacking
a, b = torch.arange(4).view(2, 2)
[a, b]
# --- index_select take gather
y = torch.arange(6).view(2, 3)
[torch.index_select(y, 1, torch.tensor([2, 0])), torch.take(y, torch.tensor([0, 5])), torch.gather(y, 1, torch.tensor([[0, 2], [1, 1]])), y.take_along_dim(torch.tensor([[1], [0]]), 1)]
# --- scatter
y = torch.zeros(2, 3)
[y.scatter(1, torch.tensor([[0], [2]]), 5.0), y.scatter(1, torch.tensor([[0, 1]]), torch.tensor([[1.0, 2.0]])), y.scatter_add(0, torch.tensor([[0, 0, 1]]), torch.ones(1, 3))]
# --- scatter in place with keywords
y = torch.zeros(2, 4)
y.scatter_(dim=1, index=torch.tensor([[1], [3]]), value=0.9)
y.scatter_(dim=1, index=torch.tensor([[0], [0]]), src=torch.ones(2, 1))
y
# --- scatter_reduce
torch.zeros(3).scatter_reduce(0, torch.tensor([0, 0, 2]), torch.tensor([1.0, 5.0, 2.0]), reduce="amax")
# --- index_add index_copy index_fill
y = torch.zeros(3, 2)
i = torch.tensor([0, 2, 0])
[y.index_add(0, i, torch.ones(3, 2)), y.index_copy(0, i[:2], torch.ones(2, 2)), y.index_fill(1, torch.tensor([1]), 7), y.index_add(0, i[1:], torch.ones(2, 2), alpha=2)]
# --- index_put
y = torch.zeros(4)
[y.index_put((torch.tensor([0, 0]),), torch.tensor([1.0, 1.0]), accumulate=True), y.index_put_((torch.tensor([1]),), torch.tensor(3.0))]
# --- masked functions
y = torch.arange(4.0)
m = y > 1
[y.masked_fill(m, -1), y.masked_select(m), y.masked_scatter(m, torch.tensor([8.0, 9.0])), torch.where(m, y, torch.zeros(()))]
# --- nonzero
y = torch.tensor([[0, 1], [2, 0]])
[torch.nonzero(y), y.nonzero(as_tuple=True), torch.argwhere(y), torch.where(y > 0), (y == 0).nonzero().size(0), torch.count_nonzero(y)]
# --- narrow select unfold diagonal
y = torch.arange(12).view(3, 4)
[y.narrow(1, 1, 2), y.select(0, 2), y.unfold(1, 2, 1), y.diagonal(), y.diagonal(1), y[1:].diagonal(-1), y.unfold(1, 2, 2).stride()]
# --- diagonal write
y = torch.zeros(3, 3)
y.diagonal().fill_(5)
y.diagonal(1)[0] = 2
y
# --- fill_diagonal
torch.zeros(3, 3).fill_diagonal_(4)
# --- flip roll rot90
y = torch.arange(6).view(2, 3)
[y.flip(0), y.flip(0, 1), torch.roll(y, 1), torch.roll(y, (1, -1), (0, 1)), torch.rot90(y), y.fliplr(), y.flipud()]
# --- tensor index in a python list
[["a", "b", "c"][torch.tensor(2)], list(range(10))[torch.tensor(1) : torch.tensor(3)]]
# --- slice with 0-dim tensors
x[:, torch.tensor(1) : torch.tensor(3)].shape
# --- in operator
[3 in torch.arange(4), 9 in torch.arange(4), torch.tensor(2) in torch.arange(4)]
# --- gradient of slice
y = torch.ones(3, requires_grad=True)
z = y[1:] * 2
z.sum().backward()
[y.grad, z.grad_fn.next_functions[0][0].name()]
# --- gradient of int index and mask
y = torch.arange(4.0, requires_grad=True)
z = y[0] * 3 + y[y > 1].sum() + y[torch.tensor([3, 3])].sum()
z.backward()
y.grad
# --- grad_fn names of indexing
y = torch.ones(3, 3, requires_grad=True)
[y[0], y[0:2], y[None], y[torch.tensor([0])], y[y > 0], y[..., 0], y.gather(1, torch.zeros(3, 1, dtype=torch.long)), y.index_select(0, torch.tensor([0]))]
# --- grad through assignment
y = torch.ones(3, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)
z = y * 2
z[1] = v * 3
(z * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
[y.grad, v.grad, z]
# --- grad through mask assignment
y = torch.arange(4.0, requires_grad=True)
z = y.clone()
z[z > 1] = 0
z.pow(2).sum().backward()
[y.grad, z]
# --- grad through index tensor assignment
y = torch.arange(3.0, requires_grad=True)
v = torch.ones(2, requires_grad=True)
z = y * 1
z[torch.tensor([0, 2])] = v
(z * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
[y.grad, v.grad, z]
