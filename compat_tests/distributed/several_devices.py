"""Several devices of one process: run by test_distributed.py in a process of eight simulated ones."""

import torch
from torch import nn
from torch.cuda import comm


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()


def gradients(net, module, x):
    net(x).pow(2).sum().backward()
    return torch.cat([p.grad.flatten() for p in module.parameters()])


def compare(devices, **options):
    alone, first = model(), devices[0]
    x = torch.randn(10, 3, dtype=torch.float64)
    expected = gradients(alone, alone, x)
    inner = model().to(first)
    net = nn.DataParallel(inner, devices, **options)
    assert net.module is inner and list(net.state_dict())[0] == "module.0.weight"
    found = gradients(net, inner, x.to(first))
    assert str(found.device) == str(torch.empty(0, device=first).device), found.device
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-12, atol=1e-12)
    y = net(x.to(first))
    torch.testing.assert_close(y.cpu(), alone(x), rtol=1e-12, atol=1e-12)
    return y.device


assert torch.cuda.device_count() == 8
print(compare(["cuda:0", "cuda:1", "cuda:2"]))
print(compare(["cuda:2", "cuda:5"], output_device="cuda:1"))
print(compare(["cpu:0", "cpu:3"]))

seen = []


class Where(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x, scale=1):
        seen.append((str(x.device), x.shape[0], str(self.norm.weight.device), torch.cuda.current_device()))
        return {"y": self.norm(x) * scale, "n": x.sum()}


net = nn.DataParallel(Where().cuda(), [0, 1, 2])
out = net(torch.arange(16.0, device="cuda").reshape(8, 2), scale=2)
print(seen, out["y"].shape, out["n"].tolist(), net.module.norm.num_batches_tracked.item())
print(nn.DataParallel(nn.Linear(2, 1).cuda()).device_ids, nn.DataParallel(nn.Linear(2, 1), [1]).module.weight.device)
net.eval()
with torch.no_grad():
    print(net(torch.ones(2, 2, device="cuda"))["y"].requires_grad)
try:
    nn.DataParallel(nn.Linear(2, 1).cuda(), [0, 1])(torch.ones(4, 3, device="cuda"))
except RuntimeError as error:
    print(str(error).splitlines()[0])
parts = comm.scatter(torch.arange(4.0), [0, 1])
print([str(p.device) for p in parts], comm.gather(parts, destination="cpu"), comm.reduce_add(list(parts), 3).cpu())
