"""The short note on making tensors."""

from compat_tests.documents.rows import Row, check, parametrize

ROWS = [
    Row("REF-23", "004:51-60", "print(torch.tensor(np.ones((3, 3))))",
        """
        tensor([[1., 1., 1.],
                [1., 1., 1.],
                [1., 1., 1.]], dtype=torch.float64)
        """),
    Row("4.2-tensor", "004:38",
        """
        t = torch.tensor([1, 2], dtype=torch.float64, device="cpu", requires_grad=True, pin_memory=False)
        print(t, t.device)
        """, "tensor([1., 2.], dtype=torch.float64, requires_grad=True) cpu"),
    Row("BEH-01", "004:62-72",
        """
        arr = np.array([[1, 2, 3], [4, 5, 6]])
        t = torch.from_numpy(arr)
        arr[0, 0] = 0
        print(t[0, 0])
        t[0, 0] = -1
        print(arr[0, 0])
        """, "tensor(0)\n-1"),
    Row("REF-21", "004:80-93, BEH-12",
        """
        out_t = torch.tensor([1])
        t = torch.zeros((3, 3), out=out_t)
        print(t, '\\n', out_t)
        print(id(t) == id(out_t))
        """,
        """
        tensor([[0, 0, 0],
                [0, 0, 0],
                [0, 0, 0]]) 
         tensor([[0, 0, 0],
                [0, 0, 0],
                [0, 0, 0]])
        True
        """),
    Row("4.2-like", "004:95-120",
        """
        t = torch.zeros(2, 3)
        print(torch.zeros_like(t, dtype=torch.int32, layout=torch.strided, device="cpu", requires_grad=False))
        print(torch.ones_like(t).sum(), torch.full_like(t, 4)[0, 0], torch.ones(2, 3, dtype=torch.int64).sum())
        """,
        """
        tensor([[0, 0, 0],
                [0, 0, 0]], dtype=torch.int32)
        tensor(6.) tensor(4.) tensor(6)
        """),
    Row("REF-22-full", "004:125-131", "t = torch.full((3, 3), 1)\nprint(t, t.dtype)",
        """
        tensor([[1, 1, 1],
                [1, 1, 1],
                [1, 1, 1]]) torch.int64
        """),
    Row("REF-22-arange", "004:142-150", "print(torch.arange(2, 10, 2))", "tensor([2, 4, 6, 8])"),
    Row("REF-22-linspace", "004:152-162", "print(torch.linspace(2, 10, 6))",
        "tensor([ 2.0000,  3.6000,  5.2000,  6.8000,  8.4000, 10.0000])"),
    Row("4.2-logspace", "004:164-180", "print(torch.logspace(start=0, end=2, steps=3, base=10.0))",
        "tensor([  1.,  10., 100.])"),
    Row("4.2-eye", "004:182-190", "print(torch.eye(2), torch.eye(n=2, m=3).shape)",
        "tensor([[1., 0.],\n        [0., 1.]]) torch.Size([2, 3])"),
    Row("4.2-normal", "004:192-215",
        """
        mean, std = torch.arange(1, 5, dtype=torch.float), torch.arange(1, 5, dtype=torch.float)
        assert torch.normal(mean, std).shape == (4,) and torch.normal(0., 1., size=(4,)).shape == (4,)
        assert torch.randint(low=0, high=5, size=(2, 2)).max() < 5 and torch.rand((2, 2)).shape == (2, 2)
        """),
    Row("BEH-51", "004:226-229",
        """
        children = nn.ModuleList([nn.Linear(2, 2) for i in range(3)])
        table = nn.ModuleDict({'relu': nn.ReLU(), 'prelu': nn.PReLU()})
        print(len(children), isinstance(children[0], nn.Linear), table['relu'], table.prelu)
        """, "3 True ReLU() PReLU(num_parameters=1)"),
    Row("BEH-32", "004:261: a forward hook keeps a feature map",
        """
        kept = []
        conv = nn.Conv2d(1, 2, 3)
        handle = conv.register_forward_hook(lambda module, input, output: kept.append(output.shape))
        nn.Sequential(conv, nn.ReLU())(torch.rand(1, 1, 5, 5))
        handle.remove()
        conv(torch.rand(1, 1, 5, 5))
        print(kept)
        """, "[torch.Size([1, 2, 3, 3])]"),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
