"""Writing to memory that several elements share, or that is read by the same call."""
import torch

# --- assign a part to an overlapping part
x = torch.arange(5.0)
x[1:] = x[:-1]
# --- rows
x = torch.arange(12.0).reshape(3, 4)
x[1:] = x[:-1]
# --- copy_ of an overlapping part
x = torch.arange(5.0)
x[1:].copy_(x[:-1])
# --- copy_ of the transpose
x = torch.arange(9.0).reshape(3, 3)
x.copy_(x.T)
# --- add the transpose in place
x = torch.arange(9.0).reshape(3, 3)
x += x.T
# --- parts that do not overlap
x = torch.arange(6.0)
x[3:] = x[:3]
x[:2].copy_(x[4:])
x
# --- positions of a part that is read
x = torch.arange(5.0)
x[torch.tensor([1, 2])] = x[:2]
# --- the positions themselves
x = torch.arange(3)
x[x] = 7
# --- expanded, by position
x = torch.zeros(3).expand(2, 3)
x[torch.tensor([0])] = 1.0
x
# --- expanded, by position in a row
x = torch.zeros(3).expand(2, 3)
x[0, torch.tensor([0, 1])] = 1.0
x
# --- expanded, by a slice of it
x = torch.zeros(3).expand(2, 3)
x[0:1] = 1
x[1] += 1
x
# --- expanded, by positions in its own dimension
x = torch.zeros(2, 1, 3).expand(2, 4, 3)
x[torch.tensor([1]), torch.tensor([3])] = torch.tensor([1.0, 2.0, 3.0])
x
# --- expanded, positions added up
x = torch.zeros(3).expand(2, 3)
x.index_put_((torch.tensor([0, 1]),), torch.tensor([1.0, 2.0, 3.0]), accumulate=True)
x
# --- expanded, by a mask and a number
x = torch.zeros(3).expand(2, 3)
x[x == 0] = 1.0
x
# --- expanded, by a mask and numbers
x = torch.zeros(3).expand(2, 3)
x[torch.tensor([[True, False, True], [False, True, False]])] = torch.tensor([1.0, 2.0, 3.0])
x
# --- expanded, masked_fill_
x = torch.zeros(3).expand(2, 3)
x.masked_fill_(torch.tensor([[True, False, False], [False, True, False]]), 5)
x
# --- expanded, masked_fill_ of a row's mask
x = torch.zeros(2, 1).expand(2, 3)
x.masked_fill_(torch.tensor([False, True, False]), 5)
x
# --- expanded, index_fill_
x = torch.zeros(2, 1).expand(2, 3)
[x.index_fill_(1, torch.tensor([2]), 1.0).clone(), x.index_fill_(0, torch.tensor([1]), 2.0), x._version]
# --- expanded, a position out of range
x = torch.zeros(3).expand(2, 3)
x[torch.tensor([2])] = 1.0
# --- expanded, refused
def refusal(call):
    x = torch.zeros(3).expand(2, 3)
    try:
        call(x)
    except RuntimeError as error:
        return str(error)
[
    refusal(lambda x: x.index_copy_(0, torch.tensor([0]), torch.ones(1, 3))),
    refusal(lambda x: x.index_add_(0, torch.tensor([0]), torch.ones(1, 3))),
    refusal(lambda x: x.scatter_(0, torch.tensor([[0, 0, 0]]), 1.0)),
    refusal(lambda x: x.masked_scatter_(torch.ones(2, 3, dtype=torch.bool), torch.ones(6))),
    refusal(lambda x: x.put_(torch.tensor([0]), torch.ones(1))),
    refusal(lambda x: x.clamp_(0)),
    refusal(lambda x: x.uniform_()),
    refusal(lambda x: x.__setitem__(slice(None), torch.ones(2, 3))),
]
