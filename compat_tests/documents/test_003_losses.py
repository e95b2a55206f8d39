"""The losses of the long note on the numbers it gives, as printed there."""

from compat_tests.documents.rows import Row, check, parametrize

ROWS = [
    Row("REF-40", "003:1840-1854",
        """
        inputs = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
        target = torch.tensor([[0.9, 0.05, 0.05], [0.1, 0.7, 0.2]], dtype=torch.float)
        loss = nn.KLDivLoss()
        output = loss(inputs, target)
        print('KLDivLoss损失函数的计算结果为', output)
        """, "KLDivLoss损失函数的计算结果为 tensor(-0.3335)",
        warns=("reduction: 'mean' divides the total loss by both the batch size and the support size",)),
    Row("REF-40-reductions", "003:1829-1836",
        """
        inputs = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
        target = torch.tensor([[0.9, 0.05, 0.05], [0.1, 0.7, 0.2]], dtype=torch.float)
        print(nn.KLDivLoss(reduction="sum")(inputs, target), nn.KLDivLoss(reduction="batchmean")(inputs, target))
        """, "tensor(-2.0012) tensor(-1.0006)"),
    Row("REF-41", "003:1914-1928",
        """
        loss = nn.MultiLabelMarginLoss()
        x = torch.FloatTensor([[0.9, 0.2, 0.4, 0.8]])
        y = torch.LongTensor([[3, 0, -1, 1]])
        print(loss(x, y))
        """, "tensor(0.4500)"),
    Row("REF-42", "003:1951-1964",
        """
        inputs = torch.tensor([[0.3, 0.7], [0.5, 0.5]])
        target = torch.tensor([[-1, 1], [1, -1]], dtype=torch.float)
        output = nn.SoftMarginLoss()(inputs, target)
        print('SoftMarginLoss损失函数的计算结果为', output)
        """, "SoftMarginLoss损失函数的计算结果为 tensor(0.6764)"),
    Row("REF-43", "003:1989-2001",
        """
        inputs = torch.tensor([[0.3, 0.7], [0.5, 0.5]])
        target = torch.tensor([0, 1], dtype=torch.long)
        print(nn.MultiMarginLoss()(inputs, target))
        """, "tensor(0.6000)"),
    Row("REF-44", "003:2064-2073",
        """
        inputs = torch.tensor([[1., 0.8, 0.5]])
        target = torch.tensor([[1, 1, -1]])
        print(nn.HingeEmbeddingLoss()(inputs, target))
        """, "tensor(0.7667)"),
    Row("REF-45", "003:2097-2107, with a target of shape (2,)",
        """
        inputs_1 = torch.tensor([[0.3, 0.5, 0.7], [0.3, 0.5, 0.7]])
        inputs_2 = torch.tensor([[0.1, 0.3, 0.5], [0.1, 0.3, 0.5]])
        target = torch.tensor([1, -1], dtype=torch.float)
        print(nn.CosineEmbeddingLoss()(inputs_1, inputs_2, target))
        """, "tensor(0.5000)"),
    Row("D6", "003:2100: the target of shape (1, 2) that the document passes",
        """
        inputs_1 = torch.tensor([[0.3, 0.5, 0.7], [0.3, 0.5, 0.7]])
        inputs_2 = torch.tensor([[0.1, 0.3, 0.5], [0.1, 0.3, 0.5]])
        target = torch.tensor([[1, -1]], dtype=torch.float)
        nn.CosineEmbeddingLoss()(inputs_1, inputs_2, target)
        """, raises="RuntimeError: 1D target tensor expected"),
    Row("REF-46", "003:1750-1770",
        """
        inputs = torch.linspace(-10, 10, steps=5000)
        target = torch.zeros_like(inputs)
        smooth = nn.SmoothL1Loss(reduction='none')(inputs, target)
        absolute = nn.L1Loss(reduction='none')(inputs, target)
        assert smooth.shape == absolute.shape == (5000,)
        x = inputs.numpy()
        np.testing.assert_allclose(absolute.numpy(), np.abs(x), rtol=1e-6)
        expected = np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5)
        np.testing.assert_allclose(smooth.numpy(), expected, rtol=1e-5, atol=1e-6)
        """),
    Row("FMT-12", "003:1563, D3",
        """
        m = nn.Sigmoid()
        loss = nn.BCELoss()
        input = torch.tensor([0.3, -0.2, 1.0], requires_grad=True)
        target = torch.tensor([1., 0., 1.])
        output = loss(m(input), target)
        output.backward()
        print('BCELoss损失函数的计算结果为', output)
        """, "BCELoss损失函数的计算结果为 tensor(0.4886, grad_fn=<BinaryCrossEntropyBackward0>)"),
    Row("FMT-13", "003:1606",
        """
        loss = nn.CrossEntropyLoss()
        input = torch.arange(15.).view(3, 5).sin().requires_grad_()
        target = torch.tensor([1, 0, 4])
        output = loss(input, target)
        output.backward()
        print(output)
        """, "tensor(1.6213, grad_fn=<NllLossBackward0>)"),
    Row("FMT-14", "003:1653",
        """
        output = nn.L1Loss()(torch.arange(15.).view(3, 5).requires_grad_(), torch.zeros(3, 5))
        output.backward()
        print(output)
        """, "tensor(7., grad_fn=<MeanBackward0>)"),
    Row("FMT-15", "003:1700",
        """
        output = nn.MSELoss()(torch.arange(15.).view(3, 5).requires_grad_(), torch.ones(3, 5))
        output.backward()
        print(output)
        """, "tensor(54.6667, grad_fn=<MseLossBackward0>)"),
    Row("FMT-16", "003:1743",
        """
        output = nn.SmoothL1Loss()(torch.arange(15.).view(3, 5).requires_grad_(), torch.ones(3, 5))
        output.backward()
        print(output)
        """, "tensor(5.6667, grad_fn=<SmoothL1LossBackward0>)"),
    Row("FMT-17", "003:1813, 1894, 2040",
        """
        a, b, c = (torch.arange(12.).view(3, 4) * k for k in (1, 2, 3))
        a.requires_grad_()
        print(nn.PoissonNLLLoss()(a / 10, b))
        print(nn.MarginRankingLoss()(a[0], b[1], torch.tensor([1., -1., 1., 1.])))
        print(nn.TripletMarginLoss(margin=20.0, p=2)(a, b, c))
        """,
        """
        tensor(-6.5950, grad_fn=<MeanBackward0>)
        tensor(7.2500, grad_fn=<MeanBackward0>)
        tensor(8.6341, grad_fn=<MeanBackward0>)
        """),
    Row("FMT-17-ctc", "003:2171",
        """
        T, C, N, S, S_min = 50, 20, 16, 30, 10
        input = torch.randn(T, N, C).log_softmax(2).detach().requires_grad_()
        target = torch.randint(low=1, high=C, size=(N, S), dtype=torch.long)
        input_lengths = torch.full(size=(N,), fill_value=T, dtype=torch.long)
        target_lengths = torch.randint(low=S_min, high=S, size=(N,), dtype=torch.long)
        loss = nn.CTCLoss()(input, target, input_lengths, target_lengths)
        loss.backward()
        assert "grad_fn=<MeanBackward0>" in str(loss) and input.grad.isfinite().all()
        padded = loss.item()
        flat = torch.cat([row[:n] for row, n in zip(target, target_lengths)])
        loss = nn.CTCLoss()(input, flat, input_lengths, target_lengths)
        assert abs(loss.item() - padded) < 1e-4
        assert torch.randint(low=1, high=C, size=(sum(target_lengths),)).shape == flat.shape
        """),
    Row("BEH-57", "003:2936: integer labels, no softmax before the loss",
        """
        logits = torch.tensor([[1., 2., 3.], [1., 0., 0.]])
        labels = torch.tensor([2, 0])
        hot = F.one_hot(labels, 3).float()
        expected = -(hot * torch.log(torch.softmax(logits, 1))).sum(1).mean()
        assert torch.allclose(nn.CrossEntropyLoss()(logits, labels), expected)
        """),
    Row("BEH-58", "000:429-431, 002:673",
        """
        x, y = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
        assert torch.allclose(nn.CrossEntropyLoss()(x, y), nn.NLLLoss()(nn.LogSoftmax(dim=1)(x), y))
        t = torch.rand(4, 3)
        assert torch.allclose(nn.BCEWithLogitsLoss()(x, t), nn.BCELoss()(nn.Sigmoid()(x), t), atol=1e-6)
        """),
    Row("BEH-59", "000:434, 003:1712",
        """
        x = torch.tensor([-3., -1., -0.4, 0., 2.])
        for beta in (1.0, 0.5, 2.0):
            expected = torch.where(x.abs() < beta, 0.5 * x * x / beta, x.abs() - 0.5 * beta)
            assert torch.allclose(nn.SmoothL1Loss(reduction="none", beta=beta)(x, torch.zeros(5)), expected)
        """),
    Row("BEH-60", "003:1533-1535, 1621-1627",
        """
        x, y = torch.tensor([1., 2.]), torch.tensor([0., 0.])
        print(nn.L1Loss(reduction="none")(x, y), nn.L1Loss(reduction="sum")(x, y), nn.L1Loss()(x, y))
        """, "tensor([1., 2.]) tensor(3.) tensor(1.5000)"),
    Row("D7", "002:191-202: size_average and reduce",
        """
        x, y = torch.tensor([1., 2.]), torch.tensor([0., 0.])
        print(nn.L1Loss(size_average=True, reduce=True)(x, y))
        print(nn.L1Loss(size_average=False)(x, y))
        print(nn.L1Loss(reduce=False)(x, y))
        """,
        """
        tensor(1.5000)
        tensor(3.)
        tensor([1., 2.])
        """,
        warns=("size_average and reduce args will be deprecated",)),
    Row("BEH-61", "003:2119-2125: a target longer than its input cannot be aligned",
        """
        logits = torch.zeros(2, 1, 3).log_softmax(2)
        target = torch.tensor([[1, 2, 1]])
        print(F.ctc_loss(logits, target, (2,), (3,)), F.ctc_loss(logits, target, (2,), (3,), zero_infinity=True))
        """, "tensor(inf) tensor(0.)"),
    Row("4.11-weight", "003:2940: a weight is a tensor",
        """
        weight = torch.tensor([1., 1., 3.])
        x, y = torch.tensor([[1., 2., 3.], [3., 2., 1.]]), torch.tensor([2, 1])
        losses = nn.CrossEntropyLoss(reduction="none")(x, y)
        expected = (3 * losses[0] + losses[1]) / 4
        assert torch.allclose(nn.CrossEntropyLoss(weight=weight)(x, y), expected)
        """),
    Row("D11", "002: NLLLoss2d",
        """
        logits = torch.arange(12.).view(1, 3, 2, 2).log_softmax(1)
        target = torch.tensor([[[0, 1], [2, 0]]])
        assert torch.equal(nn.NLLLoss2d()(logits, target), nn.NLLLoss()(logits, target))
        """,
        warns=("NLLLoss2d",)),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
