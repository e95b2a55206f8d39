"""The meta device: tensors with a shape, a dtype and a history, and no numbers."""
import torch
from torch import nn

def refused(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).partition("\n")[0]

# --- made
x = torch.empty(2, 3, device="meta")
kinds = [torch.ones(2, device="meta"), torch.full((2,), 3, device="meta"), torch.arange(4, device="meta"), torch.tensor([True], device="meta"),
         torch.eye(3, device="meta"), torch.zeros_like(torch.ones(2), device="meta"), torch.randn_like(x), torch.randperm(4, device="meta"),
         torch.empty_strided((2, 3), (1, 2), device="meta"), torch.ones(2, device="meta", requires_grad=True)]
[x, x.is_meta, x.device, x.stride(), x.type(), x.get_device(), x.data_ptr(), x.nbytes, [(str(k), k.stride()) for k in kinds], torch.ones(1).is_meta]
# --- larger than any memory
x = torch.ones(10**6, 10**6, device="meta")
[(x @ x).shape, torch.randn(10**6, 10**6, device="meta").exp().sum(0), nn.Linear(10**6, 10**6, device="meta")]
# --- shapes and dtypes of operations
x = torch.empty(2, 3, device="meta")
[(x + 1).dtype, x @ x.t(), torch.cat([x, x], 1), x[0, 1:], x.sort()[1], x.half().stride(), torch.einsum("ij,kj->ik", x, x), x + torch.tensor(1.0),
 x.split(1, 1)[2], x.view(3, 2).t().stride(), torch.linalg.svd(x).U, torch.multinomial(x, 2), x.argmax(1), x.std(), x > 0, torch.isnan(x).any()]
# --- written to
x = torch.zeros(2, 3, device="meta")
x[0] = 1.0
x.fill_(2).add_(1).uniform_().copy_(torch.ones(2, 3))
[x, x._version > 3, torch.add(x, 1, out=torch.empty(0, device="meta"))]
# --- not read
x = torch.ones(2, device="meta")
[refused(call) for call in (
    lambda: x.sum().item(), lambda: x.tolist(), lambda: x.numpy(), lambda: x.cpu(), lambda: x.to("cpu"), lambda: bool(x.sum() > 0), lambda: float(x.sum()),
    lambda: torch.ones(2).copy_(x),
)] + [refused(lambda: x + torch.ones(2))[0], refused(lambda: x.nonzero())[0], refused(lambda: x[x > 0])[0]]
# --- the stream of random numbers does not move
torch.manual_seed(0)
torch.rand(5, device="meta"), torch.empty(3, device="meta").normal_(), nn.Linear(3, 3, device="meta")
torch.rand(2)
# --- modules built without memory
with torch.device("meta"):
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))
    more = nn.TransformerEncoderLayer(8, 2), nn.LSTM(4, 5), nn.Embedding(10, 4)
out = model(torch.empty(2, 3, 8, 8, device="meta"))
loss = nn.functional.cross_entropy(out, torch.zeros(2, dtype=torch.long, device="meta"))
loss.backward()
optimizer = torch.optim.AdamW(model.parameters())
optimizer.step()
[out, loss, model[0].weight.grad, model[4].weight, {k: (v.device.type, v.shape) for k, v in model.state_dict().items()},
 more[0](torch.empty(3, 2, 8, device="meta")).shape, more[1](torch.empty(3, 2, 4, device="meta"))[0].shape, torch.get_default_device()]
# --- modules get memory
import copy
import warnings
full = nn.Linear(2, 2)
with torch.device("meta"):
    model = nn.Linear(2, 2)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    loaded = model.load_state_dict(full.state_dict())
still = model.weight.is_meta
empty = copy.deepcopy(model).to_empty(device="cpu")
assigned = model.load_state_dict(full.state_dict(), assign=True)
[len(seen), str(seen[0].message), still, empty.weight.device, empty.weight.shape, assigned, torch.equal(model.weight, full.weight), model.weight.requires_grad,
 refused(lambda: nn.Linear(2, 2, device="meta").to("cpu")), copy.deepcopy(full).to("meta").weight.is_meta,
 torch.func.functional_call(nn.Linear(2, 2, device="meta"), dict(full.named_parameters()), (torch.ones(1, 2),)).shape]
# --- saved and loaded
import copy
import io
def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, **options)
[saved(torch.empty(2, 3, device="meta")), saved({"w": torch.ones(2, 2)}, map_location="meta"), copy.deepcopy(torch.empty(2, device="meta"))]
# --- the default device
torch.set_default_device("meta")
made = torch.ones(2), torch.tensor([1, 2]), torch.rand(3)
torch.set_default_device(None)
[made, torch.ones(2)]
