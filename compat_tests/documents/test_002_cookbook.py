"""The cookbook: tensors and numpy, shapes, joining and splitting, sorting, memory, and its recipes for training."""

from compat_tests.documents.rows import Row, check, parametrize

BLOCK = "a = torch.tensor([[[0.3094], [0.4812]], [[0.0950], [0.8652]]])\n"
SORTED = "a = torch.tensor([[-1.8500, -0.2005, 1.4475], [-1.7795, -0.4968, -1.8965], [0.5798, -0.1554, 1.6395]])\n"
SWAPPED = "x = torch.tensor([[[-0.9699, -0.3375, -0.0178]], [[1.4260, -0.2305, -0.2883]]])\n"
PAIR = "a = torch.Tensor([[1, 2, 3], [4, 5, 6]])\n"

ROWS = [
    Row("REF-01", "002:10-17", "a = np.ones(5)\nb = torch.from_numpy(a)\nprint(b)",
        "tensor([1., 1., 1., 1., 1.], dtype=torch.float64)"),
    Row("REF-02", "002:22-26", "y = torch.from_numpy(np.ones(5))\nprint(y.cpu())\nprint(repr(y.numpy()))",
        "tensor([1., 1., 1., 1., 1.], dtype=torch.float64)\narray([1., 1., 1., 1., 1.])"),
    Row("REF-03", "002:41-47",
        """
        y = torch.from_numpy(np.ones(5))
        print(y.requires_grad)
        y.requires_grad = True
        print(y)
        """,
        """
        False
        tensor([1., 1., 1., 1., 1.], dtype=torch.float64, requires_grad=True)
        """),
    Row("PAT-01", "002:28-31, 000:83-92",
        """
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        y = torch.from_numpy(np.ones(5)).to(device)
        assert y.device.type == device.type
        print(torch.device("cuda:0"), repr(torch.device("cuda:1")), torch.device("cpu").type)
        """, "cuda:0 device(type='cuda', index=1) cpu"),
    Row("BEH-03", "002:34: y = x + y takes new memory, an index or a view does not",
        """
        x, y = torch.ones(3), torch.ones(3)
        before, identity = y.data_ptr(), id(y)
        y += x
        assert y.data_ptr() == before and id(y) == identity
        kept = y
        y = x + y
        assert id(y) != identity and y.data_ptr() != kept.data_ptr()
        assert x[1:].untyped_storage().data_ptr() == x.view(3, 1).untyped_storage().data_ptr()
        """),
    Row("BEH-22", "002:38, 1451; 000:55",
        """
        from torch.autograd import Variable
        v = Variable(torch.FloatTensor(1).fill_(2.), requires_grad=True)
        assert type(v) is torch.Tensor and v.requires_grad and not Variable(torch.ones(1)).requires_grad
        print(v)
        """, "tensor([2.], requires_grad=True)"),
    Row("BEH-27", "002:54-60: detach cuts one tensor, no_grad all inside",
        """
        x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
        y = (x * w.detach()).sum()
        y.backward()
        assert w.grad is None and x.grad is not None
        with torch.no_grad():
            assert not (x * w).requires_grad and not (x + 1).requires_grad
        """),
    Row("BEH-28", "002:70: what was computed under no_grad cannot be sent back",
        """
        x = torch.ones(2, requires_grad=True)
        with torch.no_grad():
            y = x.sum()
        y.backward()
        """, raises="RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn"),
    Row("BEH-48", "002:62-70, 003:2178",
        """
        net = nn.Sequential(nn.BatchNorm1d(1), nn.Dropout(0.9))
        x = torch.tensor([[1.0], [3.0]])
        net.eval()
        assert torch.equal(net(x), net(x)) and net(x).requires_grad
        assert net[0].num_batches_tracked == 0
        net.train()
        net(x)
        assert net[0].num_batches_tracked == 1
        """),
    Row("BEH-29", "002:76-84",
        """
        x = torch.ones(2, requires_grad=True)
        for y in (x.data, x.detach()):
            assert not y.requires_grad and y.grad_fn is None and y.data_ptr() == x.data_ptr()
        """),
    Row("REF-05-data", "002:86-98: an edit through .data is not seen by autograd",
        """
        x = torch.FloatTensor([[1., 2.]])
        w1 = torch.FloatTensor([[2.], [1.]])
        w2 = torch.FloatTensor([3.])
        w1.requires_grad = True
        w2.requires_grad = True
        d = torch.matmul(x, w1)
        d_ = d.data
        f = torch.matmul(d, w2)
        d_[:] = 1
        f.backward()
        print(f.shape, w2.grad)
        print(w1.grad)
        """,
        """
        torch.Size([1]) tensor([1.])
        tensor([[3.],
                [6.]])
        """),
    Row("REF-05-detach", "002:84: detach is the safe way",
        """
        x = torch.FloatTensor([[1., 2.]])
        w1 = torch.FloatTensor([[2.], [1.]])
        w2 = torch.FloatTensor([3.])
        w1.requires_grad = True
        w2.requires_grad = True
        d = torch.matmul(x, w1)
        d_ = d.detach()
        f = torch.matmul(d, w2)
        d_[:] = 1
        f.backward()
        """, raises="RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation"),
    Row("BEH-13", "000:26, 002:100: numpy of what requires a gradient",
        """
        x = torch.ones(2, requires_grad=True)
        assert x.cpu().detach().numpy().tolist() == [1., 1.]
        x.cpu().numpy()
        """, raises="RuntimeError: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."),
    Row("BEH-49", "002:136-141: the functional dropout must be told the mode",
        """
        x = torch.ones(100)
        assert torch.equal(F.dropout(x, p=0.5, training=False), x)
        dropped = F.dropout(x, p=0.5, training=True)
        assert set(dropped.tolist()) == {0.0, 2.0}
        """),
    Row("4.1-types", "002:161-171",
        """
        for dtype, name in ((torch.float32, "Float"), (torch.float64, "Double"), (torch.float16, "Half"),
                            (torch.uint8, "Byte"), (torch.int8, "Char"), (torch.int16, "Short"),
                            (torch.int32, "Int"), (torch.int64, "Long"), (torch.bool, "Bool")):
            a = torch.zeros(2, dtype=dtype)
            assert a.type() == f"torch.{name}Tensor" and torch.typename(a) == f"torch.{name}Tensor"
            kind = getattr(torch, f"{name}Tensor")
            assert isinstance(a, kind) and kind([0, 1]).dtype == dtype
            assert torch.ones(2).type(kind).dtype == dtype
        a = torch.zeros(2)
        print(a.int().dtype, a.long().dtype, a.float().dtype, a.double().dtype, a.half().dtype, a.byte().dtype)
        print(a.type_as(torch.zeros(1, dtype=torch.int8)).dtype, a.is_cuda, torch.is_tensor(a), a.layout)
        """,
        """
        torch.int32 torch.int64 torch.float32 torch.float64 torch.float16 torch.uint8
        torch.int8 False True torch.strided
        """),
    Row("BEH-119", "002:159, 175; D13",
        """
        assert torch.Tensor(2, 2).dtype == torch.float32
        torch.set_default_tensor_type('torch.DoubleTensor')
        assert torch.Tensor(2, 2).dtype == torch.zeros(2).dtype == torch.tensor([1.5]).dtype == torch.float64
        torch.set_default_tensor_type(torch.FloatTensor)
        assert torch.Tensor(2, 2).dtype == torch.float32
        """, warns=("torch.set_default_tensor_type() is deprecated",)),
    Row("BEH-14", "002:243: a negative stride must be copied",
        """
        ndarray = np.arange(4.)[::-1]
        assert torch.from_numpy(ndarray.copy()).float().tolist() == [3., 2., 1., 0.]
        torch.from_numpy(ndarray)
        """, raises="ValueError: At least one stride in the given numpy array is negative"),
    Row("4.3-size", "002:246-252",
        """
        t = torch.zeros(2, 3)
        print(t.size(), t.shape, t.size()[1], t.size(1), t.numel(), t.nelement(), torch.numel(t), t.dim(), len(t))
        print(torch.tensor([7]).item(), t.tolist())
        """, "torch.Size([2, 3]) torch.Size([2, 3]) 3 3 6 6 6 2 2\n7 [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]"),
    Row("4.2", "002:255-275",
        """
        print(torch.Tensor(2, 2).shape, torch.DoubleTensor(2, 2).dtype, torch.from_numpy(np.array([2, 3.3])))
        print(torch.Tensor([[1, 2], [3, 4]]).tolist())
        print(torch.ones(2), torch.zeros(1, 2), torch.full((2,), 3))
        print(torch.eye(2, 3))
        """,
        """
        torch.Size([2, 2]) torch.float64 tensor([2.0000, 3.3000], dtype=torch.float64)
        [[1.0, 2.0], [3.0, 4.0]]
        tensor([1., 1.]) tensor([[0., 0.]]) tensor([3, 3])
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
        """),
    Row("FMT-07", "002:283-285",
        """
        x = torch.normal(mean=torch.arange(1., 11.), std=torch.arange(1, 0, -0.1))
        assert x.shape == (10,) and (x - torch.arange(1., 11.)).abs().max() < 6
        print(torch.arange(1, 0, -0.1))
        """,
        """
        tensor([1.0000, 0.9000, 0.8000, 0.7000, 0.6000, 0.5000, 0.4000, 0.3000, 0.2000,
                0.1000])
        """),
    Row("D18", "002:282, BEH-116: mean and std must broadcast today",
        "torch.normal(torch.zeros(2, 3), torch.ones(6))",
        raises="RuntimeError: The size of tensor a (3) must match the size of tensor b (6) at non-singleton dimension 1"),
    Row("BEH-115", "002:272, 289-290",
        """
        print(torch.linspace(0, 10, 3), torch.arange(0, 10, 3))
        p = torch.randperm(6)
        assert sorted(p.tolist()) == list(range(6)) and p.dtype == torch.int64
        t = torch.arange(6.)
        assert torch.equal(t[torch.randperm(t.size(0))].sort()[0], t)
        """, "tensor([ 0.,  5., 10.]) tensor([0, 3, 6, 9])"),
    Row("REF-12", "002:324-329",
        """
        a = torch.tensor([[6., -2.], [8., 0.]])
        print(a)
        print(torch.where(a > 1, torch.full_like(a, 1), a))
        """,
        """
        tensor([[ 6., -2.],
                [ 8.,  0.]])
        tensor([[ 1., -2.],
                [ 1.,  0.]])
        """),
    Row("4.4", "002:305-347",
        """
        a = torch.tensor([[3., 0., -2.], [8., 5., 0.]])
        assert a[1, 2] == 0 and a[1].tolist() == [8., 5., 0.] and a[:, 1].tolist() == [0., 5.]
        assert a[0, -1] == -2 and a[:1].shape == (1, 3) and a[:2, 0:1].tolist() == [[3.], [8.]]
        print(a[a > 1], a.masked_select(a > 1), torch.nonzero(a).tolist(), torch.nonzero(a == 0).size(0))
        print(a.clamp(0, 4).tolist(), torch.clamp(a, min=0, max=4).equal(a.clamp(0, 4)))
        print(torch.topk(a, 2), a.max(), a.max(1), torch.max(a, torch.ones(2, 3)).tolist(), a.min(0)[0])
        assert a.gt(1).equal(a > 1) and a.le(0).equal(a <= 0) and a.eq(0).equal(a == 0) and a.ne(0).equal(a != 0)
        assert a.lt(0).equal(a < 0) and a.ge(0).equal(a >= 0)
        """,
        """
        tensor([3., 8., 5.]) tensor([3., 8., 5.]) [[0, 0], [0, 2], [1, 0], [1, 1]] 2
        [[3.0, 0.0, 0.0], [4.0, 4.0, 0.0]] True
        torch.return_types.topk(
        values=tensor([[3., 0.],
                [8., 5.]]),
        indices=tensor([[0, 1],
                [0, 1]])) tensor(8.) torch.return_types.max(
        values=tensor([3., 8.]),
        indices=tensor([0, 0])) [[3.0, 1.0, 1.0], [8.0, 5.0, 1.0]] tensor([ 3.,  0., -2.])
        """),
    Row("REF-13-rows", "002:350-364", SORTED + "print(a.sort(0, True)[0])\nprint(a.sort(0, True)[1])\n",
        """
        tensor([[ 0.5798, -0.1554,  1.6395],
                [-1.7795, -0.2005,  1.4475],
                [-1.8500, -0.4968, -1.8965]])
        tensor([[2, 2, 2],
                [1, 0, 0],
                [0, 1, 1]])
        """),
    Row("REF-13-columns", "002:364-371", SORTED + "print(a.sort(1, True)[1])\nprint(a.sort(1, True)[0])\n",
        """
        tensor([[2, 1, 0],
                [1, 0, 2],
                [2, 0, 1]])
        tensor([[ 1.4475, -0.2005, -1.8500],
                [-0.4968, -1.7795, -1.8965],
                [ 1.6395,  0.5798, -0.1554]])
        """),
    Row("BEH-118", "002:376-392",
        """
        a = torch.rand(2, 3) + 0.5
        for name in ("abs", "sqrt", "exp", "log", "cos", "sin", "cosh", "ceil", "round", "floor", "trunc", "sigmoid",
                     "tanh", "square", "sign"):
            assert getattr(torch, name)(a).shape == a.shape and getattr(a, name)().equal(getattr(torch, name)(a))
        assert torch.asin(a.clamp(0, 1)).shape == torch.atan2(a, a).shape == torch.fmod(a, 2).shape == a.shape
        assert a.pow(2).shape == a.div(2).shape == a.cumsum(0).shape == a.cumprod(1).shape == a.shape
        for name in ("mean", "sum", "norm", "std", "var", "argmax"):
            assert getattr(a, name)().shape == () and getattr(a, name)(dim=1).shape == (2,)
        assert a.median().shape == () and a.mode()[0].shape == a.median(1)[0].shape == (2,) and torch.dist(a, a) == 0
        """),
    Row("FMT-08", "002:406-409",
        """
        print(torch.Tensor(2, 2).shape)
        print(torch.tensor([[6.0, 8.0], [1.0, 1.8367e-05]]))
        """,
        """
        torch.Size([2, 2])
        tensor([[6.0000e+00, 8.0000e+00],
                [1.0000e+00, 1.8367e-05]])
        """),
    Row("REF-20", "002:400-415, D12",
        """
        a = torch.tensor([[6., 8.], [1., 2.]])
        b = a.resize(4, 1)
        print(b)
        assert b.data_ptr() == a.data_ptr() and a.shape == (2, 2)
        """,
        """
        tensor([[6.],
                [8.],
                [1.],
                [2.]])
        """, warns=("non-inplace resize is deprecated",)),
    Row("BEH-07", "002:403: view needs contiguous memory",
        """
        x = torch.rand(2, 3)
        assert x.t().contiguous().view(6).shape == (6,)
        x.t().view(6)
        """,
        raises="RuntimeError: view size is not compatible with input tensor's size and stride (at least one dimension spans "
        "across two contiguous subspaces). Use .reshape(...) instead."),
    Row("REF-14", "002:422-433", SWAPPED + "print(x.shape)\nprint(x.transpose(0, 1))\nprint(x.permute(1, 0, 2))\nprint(x.transpose(0, 1).shape)\n",
        """
        torch.Size([2, 1, 3])
        tensor([[[-0.9699, -0.3375, -0.0178],
                 [ 1.4260, -0.2305, -0.2883]]])
        tensor([[[-0.9699, -0.3375, -0.0178],
                 [ 1.4260, -0.2305, -0.2883]]])
        torch.Size([1, 2, 3])
        """),
    Row("REF-15", "002:442-446",
        """
        a = torch.arange(1, 4)
        print(a, a.shape, a.unsqueeze(0).shape, a.unsqueeze(0).squeeze(0).shape)
        """, "tensor([1, 2, 3]) torch.Size([3]) torch.Size([1, 3]) torch.Size([3])"),
    Row("BEH-08", "002:451-455",
        """
        a = torch.ones(2, 1)
        e, r = a.expand(2, 5), a.repeat(1, 5)
        assert e.stride() == (1, 0) and e.data_ptr() == a.data_ptr() and r.data_ptr() != a.data_ptr()
        a[0, 0] = 7
        assert e[0].tolist() == [7.] * 5 and r[0].tolist() == [1.] * 5
        assert a.expand_as(torch.zeros(3, 2, 4)).shape == (3, 2, 4)
        torch.ones(2, 3).expand(4, 3)
        """,
        raises="RuntimeError: The expanded size of the tensor (4) must match the existing size (2) at non-singleton dimension 0."),
    Row("REF-16", "002:458-481", BLOCK + "print(a)\nprint(a.expand(2, 2, 3))\nprint(a.repeat(1, 2, 1))\n",
        """
        tensor([[[0.3094],
                 [0.4812]],

                [[0.0950],
                 [0.8652]]])
        tensor([[[0.3094, 0.3094, 0.3094],
                 [0.4812, 0.4812, 0.4812]],

                [[0.0950, 0.0950, 0.0950],
                 [0.8652, 0.8652, 0.8652]]])
        tensor([[[0.3094],
                 [0.4812],
                 [0.3094],
                 [0.4812]],

                [[0.0950],
                 [0.8652],
                 [0.0950],
                 [0.8652]]])
        """),
    Row("4.2-none", "002:484-486", "print(torch.zeros(2, 3)[:, None, None, :].shape)", "torch.Size([2, 1, 1, 3])"),
    Row("4.6", "002:492-497",
        """
        parts = [torch.ones(2, 3), torch.zeros(2, 3), torch.ones(2, 3)]
        print(torch.cat(parts, dim=0).shape, torch.stack(parts, dim=0).shape)
        joined = torch.cat(parts)
        joined[0, 0] = 9
        assert parts[0][0, 0] == 1      # joining copies (BEH-09 says otherwise)
        piece = joined.split(2)[1]
        piece[0, 0] = 5
        assert joined[2, 0] == 5        # splitting does not
        """, "torch.Size([6, 3]) torch.Size([3, 2, 3])"),
    Row("REF-17-chunk", "002:502-509", PAIR + "print(torch.chunk(a, 2, 0))\nprint(torch.chunk(a, 2, 1))\n",
        """
        (tensor([[1., 2., 3.]]), tensor([[4., 5., 6.]]))
        (tensor([[1., 2.],
                [4., 5.]]), tensor([[3.],
                [6.]]))
        """),
    Row("REF-17-split", "002:509-515", PAIR + "print(torch.split(a, 2, 0))\nprint(torch.split(a, [1, 2], 1))\n",
        """
        (tensor([[1., 2., 3.],
                [4., 5., 6.]]),)
        (tensor([[1.],
                [4.]]), tensor([[2., 3.],
                [5., 6.]]))
        """),
    Row("4.7", "002:520-533",
        """
        a, b, v = torch.tensor([[4., 7.], [2., 6.]]), torch.eye(2), torch.tensor([1., 2.])
        assert a.trace() == 10 and a.diag().tolist() == [4., 6.] and a.triu()[1, 0] == 0 and a.tril()[0, 1] == 0
        assert torch.addmm(a, a, b).equal(2 * a) and torch.addmv(v, a, v).equal(v + a.mv(v))
        assert torch.addr(a, v, v).equal(a + torch.outer(v, v)) and a.t()[0, 1] == 2
        batch = a.expand(3, 2, 2)
        assert torch.baddbmm(batch, batch, b.expand(3, 2, 2)).equal(2 * batch)
        assert torch.addbmm(a, batch, b.expand(3, 2, 2)).equal(4 * a)
        assert v.dot(v) == 5 and torch.cross(torch.tensor([1., 0, 0]), torch.tensor([0., 1, 0]), dim=0).tolist() == [0, 0, 1]
        assert torch.allclose(a.inverse() @ a, b, atol=1e-6)
        u, s, w = torch.svd(a)
        assert torch.allclose(u @ s.diag() @ w.t(), a, atol=1e-5)
        """),
    Row("BEH-113", "002:530-533",
        """
        print(torch.mm(torch.ones(2, 3), torch.ones(3, 4)).shape, torch.bmm(torch.ones(5, 2, 3), torch.ones(5, 3, 4)).shape,
              torch.mv(torch.ones(2, 3), torch.ones(3)).shape, (torch.ones(2, 3) * torch.ones(2, 3)).shape)
        """, "torch.Size([2, 4]) torch.Size([5, 2, 4]) torch.Size([2]) torch.Size([2, 3])"),
    Row("REF-18", "002:551-559",
        """
        a = torch.tensor([[1., 0.3898, -0.7641], [1., 0.6859, -1.5179]])
        b = a
        c = a.view(6)
        b[0, 0] = 0
        c[3] = 4
        print(a)
        """,
        """
        tensor([[ 0.0000,  0.3898, -0.7641],
                [ 4.0000,  0.6859, -1.5179]])
        """),
    Row("REF-19", "002:564-569",
        """
        a = torch.tensor([[0., 0.3898, -0.7641], [4., 0.6859, -1.5179]])
        expected = 2 * a
        assert a.add_(a) is a and a.equal(expected)
        print(a)
        """,
        """
        tensor([[ 0.0000,  0.7796, -1.5282],
                [ 8.0000,  1.3718, -3.0358]])
        """),
    Row("BEH-01", "000:36, 001:36, 002:572, 004:68",
        """
        a = np.ones(3)
        t = torch.from_numpy(a)
        a[0] = 5
        t[1] = 7
        assert t.tolist() == a.tolist() == [5., 7., 1.]
        x = torch.ones(3)
        n = x.numpy()
        n[0] = 5
        x[1] = 7
        assert x.tolist() == n.tolist() == [5., 7., 1.]
        """),
    Row("BEH-02", "002:580",
        """
        a = np.ones(3)
        t, shared = torch.tensor(a), torch.from_numpy(a)
        a[0] = 5
        assert t[0] == 1 and shared[0] == 5
        """),
    Row("4.12-pad", "002:590-600", "print(F.pad(torch.ones(1, 2, 2), [1, 0, 0, 1]).tolist())",
        "[[[0.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]]"),
    Row("PAT-03", "002:388", "h = torch.ones(2, dtype=torch.float64).new_zeros(*(1, 2))\nprint(h)",
        "tensor([[0., 0.]], dtype=torch.float64)"),
    Row("PAT-02", "002:1064-1110: sums of losses and tensors in format strings",
        """
        criterion = nn.CrossEntropyLoss()
        output, target = torch.tensor([[1., 2.], [3., 1.]]), torch.tensor([1, 1])
        test_loss = 0
        test_loss += criterion(output, target)
        pred = output.max(1, keepdim=True)[1]
        correct = pred.eq(target.view_as(pred)).sum().item()
        print('Test set: Average loss: {:.4f}, Accuracy: {}/{} ({:.2f}%)'.format(test_loss, correct, 2, 100. * correct / 2))
        """, "Test set: Average loss: 1.2201, Accuracy: 1/2 (50.00%)"),
    Row("PAT-04", "002:1219-1269, on a small model",
        """
        import collections
        model = nn.Sequential(collections.OrderedDict([
            ("features", nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())), ("avgpool", nn.AdaptiveAvgPool2d(1)),
            ("classifier", nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)))]))
        x = torch.rand(1, 3, 8, 8)
        print(nn.Sequential(model.features, model.avgpool)(x).shape)
        print(len(nn.Sequential(*list(model.classifier.children())[:-1])))
        print(list(nn.Sequential(collections.OrderedDict(list(model.named_children())[:-1])).state_dict()))
        """,
        """
        torch.Size([1, 4, 1, 1])
        2
        ['features.0.weight', 'features.0.bias']
        """),
    Row("PAT-05", "002:1290-1306: freeze, replace, two learning rates",
        """
        model = nn.Module()
        model.conv, model.fc = nn.Conv2d(1, 2, 1), nn.Linear(2, 5)
        for param in model.parameters():
            param.requires_grad = False
        model.fc = nn.Linear(model.fc.in_features, 100)
        optimizer = optim.SGD(model.fc.parameters(), lr=1e-2, momentum=0.9, weight_decay=1e-4)
        assert len(optimizer.param_groups[0]['params']) == 2
        finetuned = list(map(id, model.fc.parameters()))
        conv = (p for p in model.parameters() if id(p) not in finetuned)
        optimizer = optim.SGD([{'params': conv, 'lr': 1e-3}, {'params': model.fc.parameters()}], lr=1e-2, momentum=0.9)
        print([(len(g['params']), g['lr']) for g in optimizer.param_groups])
        """, "[(2, 0.001), (2, 0.01)]"),
    Row("PAT-08", "002:1342-1371",
        """
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 3))
        model[0].bias.requires_grad = False
        print(sum(p.numel() for p in model.parameters()), sum(p.numel() for p in model.parameters() if p.requires_grad))
        for m in model.modules():
            if isinstance(m, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')
                if m.bias is not None:
                    torch.nn.init.constant_(m.bias, val=0.0)
            elif isinstance(m, torch.nn.BatchNorm2d):
                torch.nn.init.constant_(m.weight, 1.0)
                torch.nn.init.constant_(m.bias, 0.0)
            elif isinstance(m, torch.nn.Linear):
                torch.nn.init.xavier_normal_(m.weight)
                if m.bias is not None:
                    torch.nn.init.constant_(m.bias, 0.0)
        model[3].weight = torch.nn.Parameter(torch.ones(3, 2))
        print(model.eval()(torch.zeros(1, 1, 3, 3)), model[3].bias.grad_fn)
        """, "33 31\ntensor([[0., 0., 0.]], grad_fn=<AddmmBackward0>) None"),
    Row("BEH-47", "002:1351",
        """
        model = nn.Sequential(nn.Sequential(nn.Linear(1, 1), nn.ReLU()), nn.Tanh())
        print(len(list(model.modules())), len(list(model.children())), [n for n, _ in model.named_children()])
        """, "5 2 ['0', '1']"),
    Row("PAT-09", "002:1413-1416, 1500-1513",
        """
        tensor, num_classes = torch.tensor([2, 0, 1]), 4
        N = tensor.size(0)
        one_hot = torch.zeros(N, num_classes).long()
        one_hot.scatter_(dim=1, index=torch.unsqueeze(tensor, dim=1), src=torch.ones(N, num_classes).long())
        print(one_hot)
        smoothed_labels = torch.full(size=(N, num_classes), fill_value=0.1 / (num_classes - 1))
        smoothed_labels.scatter_(dim=1, index=torch.unsqueeze(tensor, dim=1), value=0.9)
        print(smoothed_labels)
        """,
        """
        tensor([[0, 0, 1, 0],
                [1, 0, 0, 0],
                [0, 1, 0, 0]])
        tensor([[0.0333, 0.0333, 0.9000, 0.0333],
                [0.9000, 0.0333, 0.0333, 0.0333],
                [0.0333, 0.9000, 0.0333, 0.0333]])
        """),
    Row("PAT-10-distance", "002:1421-1428",
        """
        X1, X2 = torch.tensor([[0., 0.], [3., 4.]]), torch.tensor([[0., 0.], [0., 1.], [6., 8.]])
        m, n, d = 2, 3, 2
        A = torch.unsqueeze(X1, dim=1).expand(m, n, d)
        B = torch.unsqueeze(X2, dim=0).expand(m, n, d)
        print(torch.sqrt(torch.sum((A - B) ** 2, dim=2)))
        """,
        """
        tensor([[ 0.0000,  1.0000, 10.0000],
                [ 5.0000,  4.2426,  5.0000]])
        """),
    Row("PAT-10-bilinear", "002:1430-1438",
        """
        N, D, H, W = 2, 3, 4, 5
        X = torch.reshape(torch.rand(N, D, H, W), (N, D, H * W))
        X = torch.bmm(X, torch.transpose(X, 1, 2)) / (H * W)
        assert X.size() == (N, D, D)
        X = torch.reshape(X, (N, D * D))
        X = torch.sign(X) * torch.sqrt(torch.abs(X) + 1e-5)
        X = torch.nn.functional.normalize(X)
        assert torch.allclose(X.norm(dim=1), torch.ones(2))
        """),
    Row("PAT-10-penalty", "002:1440-1456",
        """
        from torch.autograd import Variable
        model = nn.Linear(2, 1)
        nn.init.constant_(model.weight, -2.)
        nn.init.constant_(model.bias, 1.)
        loss = model(torch.ones(1, 2)).sum()
        for param in model.parameters():
            loss += torch.sum(torch.abs(param))
        l2_loss = Variable(torch.FloatTensor(1).zero_(), requires_grad=True)
        for name, param in model.named_parameters():
            if 'bias' not in name:
                l2_loss = l2_loss + (0.5 * 0.1 * torch.sum(torch.pow(param, 2)))
        (loss + l2_loss).backward()
        print(loss, l2_loss, model.weight.grad, model.bias.grad)
        """,
        "tensor(2., grad_fn=<AddBackward0>) tensor([0.4000], grad_fn=<AddBackward0>) tensor([[-0.2000, -0.2000]]) tensor([2.])"),
    Row("BEH-75-names", "002:1460-1466: no decay for biases",
        """
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        bias_list = (param for name, param in model.named_parameters() if name[-4:] == 'bias')
        others_list = (param for name, param in model.named_parameters() if name[-4:] != 'bias')
        parameters = [{'params': bias_list, 'weight_decay': 0}, {'params': others_list}]
        optimizer = torch.optim.SGD(parameters, lr=1e-2, momentum=0.9, weight_decay=1e-4)
        print([(len(g['params']), g['weight_decay']) for g in optimizer.param_groups])
        """, "[(2, 0), (2, 0.0001)]"),
    Row("PAT-10-clipping", "002:1470",
        """
        model = nn.Linear(2, 1)
        (model(torch.ones(1, 2)) * 100).sum().backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=20)
        after = sum((p.grad ** 2).sum() for p in model.parameters()).sqrt()
        print(f"{norm:.3f} {after:.3f}")
        """, "173.205 20.000"),
    Row("PAT-10-accuracy", "002:1474-1480",
        """
        score, labels = torch.tensor([[1., 2.], [3., 1.], [0., 1.]]), torch.tensor([1, 0, 0])
        prediction = torch.argmax(score, dim=1)
        num_correct = torch.sum(prediction == labels).item()
        print(num_correct, num_correct / labels.size(0))
        """, "2 0.6666666666666666"),
    Row("PAT-10-mixup", "002:1517-1534",
        """
        beta_distribution = torch.distributions.beta.Beta(0.4, 0.4)
        images, labels = torch.rand(4, 3, 2, 2), torch.tensor([0, 1, 2, 1])
        lambda_ = beta_distribution.sample([]).item()
        index = torch.randperm(images.size(0))
        mixed_images = lambda_ * images + (1 - lambda_) * images[index, :]
        assert 0 <= lambda_ <= 1 and mixed_images.shape == images.shape and labels[index].shape == (4,)
        """),
    Row("PAT-11-custom-loss", "002:1006-1013",
        """
        class CustomLoss(torch.nn.Module):
            def __init__(self):
                super(CustomLoss, self).__init__()
            def forward(self, x, y):
                loss = torch.mean((x - y) ** 2)
                return loss
        x = torch.tensor([1., 3.], requires_grad=True)
        loss = CustomLoss()(x, torch.zeros(2))
        loss.backward()
        print(loss, x.grad, torch.square(x))
        """, "tensor(5., grad_fn=<MeanBackward0>) tensor([1., 3.]) tensor([1., 9.], grad_fn=<PowBackward0>)"),
    Row("BEH-85", "002:1033-1035, 1152-1156",
        """
        import random
        def draw():
            torch.manual_seed(1)
            torch.cuda.manual_seed(1)
            torch.cuda.manual_seed_all(1)
            np.random.seed(1)
            random.seed(1)
            return torch.rand(2).tolist() + torch.randn(2).tolist() + [np.random.rand(), random.random()]
        assert draw() == draw()
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.deterministic = True
        """),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
