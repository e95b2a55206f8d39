"""Datasets, loaders and samplers (BEH of 3.6), and saving and loading (3.7), of the long note and its neighbours."""

from compat_tests.documents.rows import Row, check, parametrize

ROWS = [
    Row("BEH-90", "000:359, 003:724-729, 755-797",
        """
        from torch.utils.data import Dataset, DataLoader
        class Squares(Dataset):
            def __init__(self, n):
                self.n = n
            def __getitem__(self, index):
                return torch.tensor([float(index)]), index ** 2
            def __len__(self):
                return self.n
        loader = DataLoader(Squares(5), batch_size=2)
        for x, y in loader:
            print(x, y)
        print(len(loader), len(loader.dataset))
        """,
        """
        tensor([[0.],
                [1.]]) tensor([0, 1])
        tensor([[2.],
                [3.]]) tensor([4, 9])
        tensor([[4.]]) tensor([16])
        3 5
        """),
    Row("BEH-91", "002:986",
        """
        class Data(torch.utils.data.Dataset):
            def __getitem__(self, idx):
                if torch.is_tensor(idx):
                    idx = idx.tolist()
                return idx
        data = Data()
        print(data[torch.tensor(2)], data[torch.tensor([0, 1])], data[3])
        """, "2 [0, 1] 3"),
    Row("BEH-92", "003:804-814, 002:353",
        """
        from torch.utils.data import DataLoader, SequentialSampler, TensorDataset
        data = TensorDataset(torch.arange(10.), torch.arange(10))
        loader = DataLoader(data, batch_size=4, num_workers=0, drop_last=True, sampler=SequentialSampler(data),
                            collate_fn=lambda batch: torch.stack([a + b for a, b in batch]), pin_memory=False,
                            worker_init_fn=None)
        print(list(loader), len(loader))
        assert len(DataLoader(data, batch_size=4, shuffle=True)) == 3
        assert sorted(torch.cat([x for x, _ in DataLoader(data, 4, shuffle=True)]).tolist()) == list(range(10))
        """, "[tensor([0., 2., 4., 6.]), tensor([ 8., 10., 12., 14.])] 2"),
    Row("BEH-93", "002:1070",
        """
        from torch.utils.data import DataLoader
        data = [{"data": torch.full((2,), float(n)), "label": n, "name": str(n), "pair": (n, n / 2)} for n in range(2)]
        print(next(iter(DataLoader(data, batch_size=2))))
        """,
        """
        {'data': tensor([[0., 0.],
                [1., 1.]]), 'label': tensor([0, 1]), 'name': ['0', '1'], 'pair': [tensor([0, 1]), tensor([0.0000, 0.5000], dtype=torch.float64)]}
        """),
    Row("BEH-94", "002:1084, 003:821",
        """
        from torch.utils.data import DataLoader, TensorDataset
        train_loader = DataLoader(TensorDataset(torch.rand(6, 1, 4, 4), torch.arange(6)), batch_size=4)
        images, labels = next(iter(train_loader))
        print(images.shape, labels.shape, len(train_loader.dataset), len(train_loader))
        for i, (data, target) in enumerate(train_loader):
            print(i, tuple(data.size()), target.tolist())
        """,
        """
        torch.Size([4, 1, 4, 4]) torch.Size([4]) 6 2
        0 (4, 1, 4, 4) [0, 1, 2, 3]
        1 (2, 1, 4, 4) [4, 5]
        """),
    Row("BEH-95", "000:364, 379-385",
        """
        from torch.utils.data import random_split
        a, b = random_split(range(10), [7, 3])
        assert len(a) == 7 and len(b) == 3 and sorted([*a, *b]) == list(range(10)) and list(a) != list(range(7))
        c, d = random_split(range(10), [0.7, 0.3], generator=torch.Generator().manual_seed(1))
        assert len(c) == 7 and len(d) == 3
        random_split(range(10), [7, 4])
        """, raises="ValueError: Sum of input lengths does not equal the length of the input dataset!"),
    Row("BEH-96", "000:366-372",
        """
        from torch.utils.data import (BatchSampler, RandomSampler, SequentialSampler, SubsetRandomSampler,
                                      WeightedRandomSampler)
        from torch.utils.data.distributed import DistributedSampler
        assert list(SequentialSampler(range(4))) == [0, 1, 2, 3]
        assert sorted(RandomSampler(range(4))) == [0, 1, 2, 3]
        assert sorted(SubsetRandomSampler([1, 5, 7])) == [1, 5, 7]
        assert set(WeightedRandomSampler([0, 1, 0], 5)) == {1}
        assert list(BatchSampler(SequentialSampler(range(5)), 2, False)) == [[0, 1], [2, 3], [4]]
        assert list(BatchSampler(SequentialSampler(range(5)), 2, True)) == [[0, 1], [2, 3]]
        parts = [list(DistributedSampler(range(6), num_replicas=2, rank=r, shuffle=False)) for r in (0, 1)]
        assert parts == [[0, 2, 4], [1, 3, 5]]
        """),
    Row("4.18", "000:359-372",
        """
        from torch.utils import data
        both = data.ConcatDataset([data.TensorDataset(torch.zeros(2)), data.TensorDataset(torch.ones(3))])
        print(len(both), both[3], data.Subset(both, [4, 0])[1])
        """, "5 (tensor(1.),) (tensor(0.),)"),
    Row("BEH-100", "000:110-127, 003:3576-3599",
        """
        net = nn.Linear(2, 1)
        for name in ("net.pkl", "net.pt", "net.pth"):
            torch.save(net, name)
            assert torch.equal(torch.load(name, weights_only=False).weight, net.weight)
            torch.save(net.state_dict(), name)
            other = nn.Linear(2, 1)
            print(other.load_state_dict(torch.load(name), strict=True))
            assert torch.equal(other.weight, net.weight)
        """, "<All keys matched successfully>\n<All keys matched successfully>\n<All keys matched successfully>"),
    Row("D14", "003: torch.load(whole model)",
        """
        torch.save(nn.Linear(2, 1), "net.pt")
        torch.load("net.pt")
        """, raises="UnpicklingError: Weights only load failed"),
    Row("BEH-102", "003:3775-3792",
        """
        from collections import OrderedDict
        net = nn.Linear(2, 1)
        saved = OrderedDict(("module." + name, value) for name, value in net.state_dict().items())
        new = OrderedDict((k[7:], v) for k, v in saved.items())
        assert list(new) == [k.replace('module.', '') for k in saved]
        print(nn.Linear(2, 1).load_state_dict(new))
        nn.Linear(2, 1).load_state_dict(saved)
        """, "<All keys matched successfully>",
        raises='RuntimeError: Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: "weight", "bias". \n\t'
        'Unexpected key(s) in state_dict: "module.weight", "module.bias". '),
    Row("BEH-103", "002:1283",
        """
        torch.save({"w": torch.ones(2)}, "m.pth")
        print(torch.load("m.pth", map_location="cpu"), torch.load("m.pth", map_location=torch.device("cpu")))
        """, "{'w': tensor([1., 1.])} {'w': tensor([1., 1.])}"),
    Row("BEH-105", "003:3659: assigning state_dict loads nothing and harms nothing",
        """
        loaded_model = nn.Linear(1, 1)
        before = loaded_model.weight.clone()
        loaded_model.state_dict = {"weight": torch.zeros(1, 1), "bias": torch.zeros(1)}
        assert torch.equal(loaded_model.weight, before)
        assert loaded_model(torch.ones(1, 1)).shape == (1, 1)
        """),
    Row("BEH-106", "002:292-300, 1316-1336; 000:144-149; PAT-07",
        """
        import os, shutil
        net = nn.Linear(2, 1)
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        net(torch.ones(1, 2)).backward()
        optimizer.step()
        checkpoint = {"epoch": 7, "best_prec": 0.5, "state_dict": net.state_dict(), "optimizer": optimizer.state_dict(),
                      "info": "first"}
        torch.save(checkpoint, "checkpoint.pth.tar")
        shutil.copy("checkpoint.pth.tar", "best.pth.tar")
        assert os.path.isfile("best.pth.tar")
        loaded = torch.load("best.pth.tar")
        other = nn.Linear(2, 1)
        resumed = optim.SGD(other.parameters(), lr=0.5, momentum=0.9)
        other.load_state_dict(loaded["state_dict"])
        resumed.load_state_dict(loaded["optimizer"])
        for model, opt in ((net, optimizer), (other, resumed)):
            opt.zero_grad()
            model(torch.ones(1, 2)).backward()
            opt.step()
        assert torch.equal(net.weight, other.weight) and loaded["epoch"] == 7
        for k in loaded.keys():
            print(k)
        """, "epoch\nbest_prec\nstate_dict\noptimizer\ninfo"),
    Row("BEH-46", "000:129: strict=False loads what matches",
        """
        net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
        print(net.load_state_dict({"0.weight": torch.zeros(1, 1), "other": torch.zeros(1)}, strict=False))
        print(net[0].weight)
        """,
        """
        _IncompatibleKeys(missing_keys=['0.bias', '1.weight', '1.bias'], unexpected_keys=['other'])
        Parameter containing:
        tensor([[0.]], requires_grad=True)
        """),
    Row("ERR-13", "000:133", "nn.Linear(1, 1).load_state_dict({'weight': torch.zeros(1, 1), 'w': torch.zeros(1)})",
        raises='RuntimeError: Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: "bias". \n\t'
        'Unexpected key(s) in state_dict: "w". '),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
