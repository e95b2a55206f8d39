"""Tensor basics of the long note: creation, printing, arithmetic, indexing, views, broadcasting."""

from compat_tests.documents.rows import Row, check, parametrize

ROWS = [
    Row(
        "FMT-01",
        "003:64-77",
        """
        x = torch.rand(4, 3)
        lines = str(x).splitlines()
        assert x.shape == (4, 3) and bool((x >= 0).all()) and bool((x < 1).all())
        import re
        row = r"\\[0\\.\\d{4}, 0\\.\\d{4}, 0\\.\\d{4}\\]"
        assert re.fullmatch(rf"tensor\\(\\[{row},\\n        {row},\\n        {row},\\n        {row}\\]\\)", str(x)), x
        """,
    ),
    Row(
        "REF-06",
        "003:79-92",
        "print(torch.zeros(4, 3, dtype=torch.long))",
        """
        tensor([[0, 0, 0],
                [0, 0, 0],
                [0, 0, 0],
                [0, 0, 0]])
        """,
    ),
    Row("REF-07", "003:94-104", "print(torch.tensor([5.5, 3]))", "tensor([5.5000, 3.0000])"),
    Row("REF-07-as-written", "003:94-104", "print(torch.tensor([5, 5, 3]))", "tensor([5, 5, 3])"),
    Row(
        "REF-08",
        "003:111-134",
        """
        x = torch.tensor([5.5, 3])
        x = x.new_ones(4, 3, dtype=torch.double)
        print(x)
        print(torch.randn_like(x, dtype=torch.float).shape)
        print(x.size())
        """,
        """
        tensor([[1., 1., 1.],
                [1., 1., 1.],
                [1., 1., 1.],
                [1., 1., 1.]], dtype=torch.float64)
        torch.Size([4, 3])
        torch.Size([4, 3])
        """,
    ),
    Row(
        "FMT-02",
        "003:129-132",
        """
        x = torch.ones(4, 3, dtype=torch.double)
        x = torch.randn_like(x, dtype=torch.float)
        assert (x < 0).any() and "dtype" not in str(x)
        for line in str(x).splitlines():
            numbers = line.removeprefix("tensor([[").strip(" []),").split(",")
            assert len(numbers) == 3, line
        print(torch.tensor([[2.7311, -0.0720, 0.2497]]))
        """,
        "tensor([[ 2.7311, -0.0720,  0.2497]])",
    ),
    Row("BEH-117", "003:137", "assert isinstance(torch.zeros(4, 3).size(), tuple)"),
    Row(
        "FMT-03",
        "003:160-184",
        """
        x, y = torch.rand(4, 3), torch.rand(4, 3)
        one, two = str(x + y), str(torch.add(x, y))
        result = torch.empty(4, 3)
        torch.add(x, y, out=result)
        three = str(y.add_(x))
        assert one == two == three == str(result) == str(y)
        """,
    ),
    Row(
        "BEH-04",
        "003:190-216",
        """
        x = torch.tensor([[1., 2., 3.], [4., 5., 6.]])
        print(x[:, 1])
        y = x[0, :]
        y += 1
        print(y)
        print(x[0, :])
        """,
        """
        tensor([2., 5.])
        tensor([2., 3., 4.])
        tensor([2., 3., 4.])
        """,
    ),
    Row(
        "FMT-04",
        "003:206-216, as written: x[0, :1]",
        """
        x = torch.zeros(4, 3)
        y = x[0, :1]
        y += 1
        print(y)
        print(x[0, :])
        """,
        """
        tensor([1.])
        tensor([1., 0., 0.])
        """,
    ),
    Row(
        "REF-09",
        "003:235-247",
        """
        x = torch.rand(4, 4)
        y = x.view(16)
        z = x.view(-1, 8)
        print(x.size(), y.size(), z.size())
        """,
        "torch.Size([4, 4]) torch.Size([16]) torch.Size([2, 8])",
    ),
    Row(
        "FMT-05",
        "003:223-267",
        """
        x = torch.arange(16.).view(4, 4) / 16
        y = x.view(16)
        x += 1
        print(x)
        print(y)
        """,
        """
        tensor([[1.0000, 1.0625, 1.1250, 1.1875],
                [1.2500, 1.3125, 1.3750, 1.4375],
                [1.5000, 1.5625, 1.6250, 1.6875],
                [1.7500, 1.8125, 1.8750, 1.9375]])
        tensor([1.0000, 1.0625, 1.1250, 1.1875, 1.2500, 1.3125, 1.3750, 1.4375, 1.5000,
                1.5625, 1.6250, 1.6875, 1.7500, 1.8125, 1.8750, 1.9375])
        """,
    ),
    Row(
        "BEH-05",
        "003:250",
        """
        x = torch.zeros(4, 4)
        y = x.view(16)
        y[3] = 7
        assert x[0, 3] == 7 and y.data_ptr() == x.data_ptr() and y is not x
        """,
    ),
    Row(
        "BEH-06",
        "003:270-274",
        """
        x = torch.zeros(4, 4)
        assert x.reshape(16).data_ptr() == x.data_ptr()          # a view where one is possible
        assert x.t().reshape(16).data_ptr() != x.data_ptr()      # a copy where none is
        y = x.clone().view(16)
        y += 1
        assert x.sum() == 0
        """,
    ),
    Row(
        "REF-10",
        "003:279-288",
        """
        x = torch.randn(1)
        print(type(x))
        print(type(x.item()))
        """,
        """
        <class 'torch.Tensor'>
        <class 'float'>
        """,
    ),
    Row(
        "REF-11",
        "003:299-318",
        """
        x = torch.arange(1, 3).view(1, 2)
        print(x)
        y = torch.arange(1, 4).view(3, 1)
        print(y)
        print(x + y)
        """,
        """
        tensor([[1, 2]])
        tensor([[1],
                [2],
                [3]])
        tensor([[2, 3],
                [3, 4],
                [4, 5]])
        """,
    ),
    Row(
        "BEH-114",
        "003:294, 002:538-540",
        """
        assert (torch.ones(5, 3, 1) + torch.ones(3, 4)).shape == (5, 3, 4)
        assert (torch.ones(4) + torch.ones(())).shape == (4,)
        torch.ones(2, 3) + torch.ones(2)
        """,
        raises="RuntimeError: The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1",
    ),
    Row(
        "BEH-10",
        "003:274, 002:301-303",
        """
        x = torch.ones(2, requires_grad=True)
        y = x.clone()
        assert y.data_ptr() != x.data_ptr() and y.requires_grad
        (y * 3).sum().backward()
        assert x.grad.tolist() == [3., 3.]
        z = x.detach()
        assert z.data_ptr() == x.data_ptr() and not z.requires_grad
        w = x.detach().clone()
        assert w.data_ptr() != x.data_ptr() and not w.requires_grad
        """,
    ),
    Row(
        "PAT-18",
        "003:1761, 2882",
        """
        inputs = torch.linspace(-10, 10, steps=5)
        loss = nn.L1Loss(reduction="none")(inputs, torch.zeros_like(inputs))
        array = np.asarray(loss)
        assert array.dtype == np.float32 and array.shape == (5,)
        image = torch.rand(2, 1, 3, 3)
        assert np.asarray(image[0][0]).shape == (3, 3)
        """,
    ),
]


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
