"""Autograd of the long note: requires_grad, grad_fn, backward, accumulation, no_grad, .data."""

from compat_tests.documents.rows import Row, check, parametrize

ROWS = [
    Row("BEH-20", "000:41, 003:324: the graph is made anew each time",
        """
        x = torch.ones(1, requires_grad=True)
        for n in range(3):
            x.grad = None
            y = x * 2 if n % 2 else x * x * 5
            y.backward()
            print(y.grad_fn.name(), x.grad)
        """,
        """
        MulBackward0 tensor([10.])
        MulBackward0 tensor([2.])
        MulBackward0 tensor([10.])
        """),
    Row("REF-30", "003:344-349",
        """
        x = torch.randn(3, 3, requires_grad=True)
        print(x.grad_fn)
        """, "None"),
    Row("REF-31", "003:359-368", "print(torch.ones(2, 2, requires_grad=True))",
        """
        tensor([[1., 1.],
                [1., 1.]], requires_grad=True)
        """),
    Row("REF-32", "003:373-408",
        """
        x = torch.ones(2, 2, requires_grad=True)
        y = x ** 2
        print(y)
        print(y.grad_fn)
        z = y * y * 3
        out = z.mean()
        print(z, out)
        """,
        """
        tensor([[1., 1.],
                [1., 1.]], grad_fn=<PowBackward0>)
        <PowBackward0 object at 0x...>
        tensor([[3., 3.],
                [3., 3.]], grad_fn=<MulBackward0>) tensor(3., grad_fn=<MeanBackward0>)
        """),
    Row("REF-33", "003:412-427",
        """
        a = torch.randn(2, 2)
        a = ((a * 3) / (a - 1))
        print(a.requires_grad)
        a.requires_grad_(True)
        print(a.requires_grad)
        b = (a * a).sum()
        print(b.grad_fn)
        """,
        """
        False
        True
        <SumBackward0 object at 0x...>
        """),
    Row("REF-34", "003:432-447",
        """
        x = torch.ones(2, 2, requires_grad=True)
        y = x ** 2
        z = y * y * 3
        out = z.mean()
        out.backward()
        print(x.grad)
        """,
        """
        tensor([[3., 3.],
                [3., 3.]])
        """),
    Row("REF-34-gradient", "003:447: out.backward() is out.backward(torch.tensor(1.))",
        """
        x = torch.ones(2, 2, requires_grad=True)
        ((x ** 2) ** 2 * 3).mean().backward(torch.tensor(1.))
        print(x.grad)
        """,
        """
        tensor([[3., 3.],
                [3., 3.]])
        """),
    Row("FMT-22", "003:457-467",
        """
        x = torch.tensor([1.0], requires_grad=True)
        w = torch.tensor([2.0], requires_grad=True)
        b = torch.tensor([3.0], requires_grad=True)
        y = w * x
        z = y + b
        z.backward()
        print("x:", x)
        print("w_grad: ", w.grad)
        """,
        """
        x: tensor([1.], requires_grad=True)
        w_grad:  tensor([1.])
        """),
    Row("BEH-25", "003:463: a graph is freed by its backward",
        """
        x = torch.ones(2, requires_grad=True)
        y = (x * x).sum()
        y.backward()
        y.backward()
        """,
        raises="RuntimeError: Trying to backward through the graph a second time"),
    Row("BEH-25-retain", "003:463",
        """
        x = torch.ones(2, requires_grad=True)
        y = (x * x).sum()
        y.backward(retain_graph=True)
        y.backward()
        assert x.grad.tolist() == [4., 4.]
        """),
    Row("BEH-26", "003:473",
        """
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.sum().backward()
        print(y.grad)
        """, "None", warns=("The .grad attribute of a Tensor that is not a leaf Tensor is being accessed",)),
    Row("BEH-24", "003:483",
        """
        x = torch.ones(1, requires_grad=True)
        for n in range(3):
            (x * 2).backward()
        print(x.grad)
        """, "tensor([6.])"),
    Row("REF-35", "003:488-505",
        """
        x = torch.ones(2, 2, requires_grad=True)
        out = ((x ** 2) ** 2 * 3).mean()
        out.backward()
        out2 = x.sum()
        out2.backward()
        print(x.grad)
        out3 = x.sum()
        x.grad.data.zero_()
        out3.backward()
        print(x.grad)
        """,
        """
        tensor([[4., 4.],
                [4., 4.]])
        tensor([[1., 1.],
                [1., 1.]])
        """),
    Row("REF-36", "003:510-537",
        """
        x = torch.randn(3, requires_grad=True)
        y = x * 2
        i = 0
        while y.data.norm() < 1000:
            y = y * 2
            i = i + 1
        v = torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float)
        y.backward(v)
        assert x.grad.equal(v * 2 ** (i + 1))
        print(v * 2 ** 9)
        """, "tensor([5.1200e+01, 5.1200e+02, 5.1200e-02])"),
    Row("BEH-23", "003:330, 354: backward of what is no scalar needs a gradient",
        """
        x = torch.ones(3, requires_grad=True)
        (x * 2).backward()
        """,
        raises="RuntimeError: grad can be implicitly created only for scalar outputs"),
    Row("REF-37", "003:541-553",
        """
        x = torch.randn(3, requires_grad=True)
        print(x.requires_grad)
        print((x ** 2).requires_grad)
        with torch.no_grad():
            print((x ** 2).requires_grad)
        """,
        """
        True
        True
        False
        """),
    Row("REF-38", "003:557-582",
        """
        x = torch.ones(1, requires_grad=True)
        print(x.data)
        print(x.data.requires_grad)
        y = 2 * x
        x.data *= 100
        y.backward()
        print(x)
        print(x.grad)
        """,
        """
        tensor([1.])
        False
        tensor([100.], requires_grad=True)
        tensor([2.])
        """),
    Row("BEH-21", "003:334",
        """
        x = torch.randn(2, requires_grad=True)
        assert x.grad_fn is None and torch.ones(2).grad_fn is None
        y = (x + 1) * 2
        assert y.grad_fn.next_functions[0][0].name() == "AddBackward0"
        assert y.grad_fn.next_functions[0][0].next_functions[0][0].variable is x
        """),
    Row("BEH-31", "003:410",
        """
        a = torch.randn(2)
        assert a.requires_grad is False
        assert a.requires_grad_() is a and a.requires_grad
        """),
    Row("BEH-34", "003:4152: frozen parameters",
        """
        body, head = nn.Linear(3, 3), nn.Linear(3, 1)
        for parameter in body.parameters():
            parameter.requires_grad = False
        before = body.weight.clone()
        optimizer = optim.SGD(filter(lambda p: p.requires_grad, [*body.parameters(), *head.parameters()]), lr=0.1)
        old = head.weight.detach().clone()
        head(body(torch.ones(2, 3))).sum().backward()
        optimizer.step()
        assert body.weight.grad is None and torch.equal(before, body.weight)
        assert not torch.equal(old, head.weight)
        """),
    Row("BEH-32", "004:261: a hook reads the gradient of what is no leaf",
        """
        x = torch.ones(2, requires_grad=True)
        y = x * 3
        y.register_hook(lambda grad: print(grad))
        (y * 2).sum().backward()
        """, "tensor([2., 2.])"),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
