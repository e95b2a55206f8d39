"""Twenty steps of SGD by four processes, each on its quarter of the batch, with batch norm synchronized and gradients accumulated over two passes.
Every fifth batch is short, so that the last process has fewer rows than the others.

Under torch it is one process on the whole batch, whose statistics are those of each pass.
"""

PROCESSES = 4

_TRAIN = """
alone = torch.__name__ == "torch"
torch.manual_seed(3)
net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)).to(dtype)
if not alone:
    net = nn.parallel.DistributedDataParallel(nn.SyncBatchNorm.convert_sync_batchnorm(net))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
generator = torch.Generator().manual_seed(5)
mine = slice(0, 8) if alone else slice(2 * rank, 2 * rank + 2)
x = torch.randn(2, 8, 3, generator=generator, dtype=torch.float64).to(dtype)[:, mine]
y = torch.randint(2, (2, 8), generator=generator)[:, mine]
for step in range(20):
    optimizer.zero_grad()
    if alone:
        nn.functional.cross_entropy(net(x[0]), y[0]).backward()
    else:
        with net.no_sync():
            nn.functional.cross_entropy(net(x[0]), y[0]).backward()
    size = 7 if step % 5 == 4 else 8
    here = len(range(size)[mine])
    loss = nn.functional.cross_entropy(net(x[1][:here]), y[1][:here], reduction="sum") / size * (1 if alone else world)
    loss.backward()
    if rank == 0 and step % 5 == 0:
        loss.item()
    optimizer.step()
torch.cat([t.detach().flatten().double() for t in net.state_dict().values()]).tolist()
"""

CASES = {"float64": "dtype = torch.float64" + _TRAIN, "float32": "dtype = torch.float32" + _TRAIN}
