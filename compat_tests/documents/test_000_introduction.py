"""The introduction: numpy, Variable, module members, state_dict keys, containers."""

from compat_tests.documents.rows import Row, check, parametrize

MODEL = """
class MyModel(nn.Module):
    def __init__(self):
        super(MyModel, self).__init__()
        self.my_tensor = torch.randn(1)
        self.register_buffer('my_buffer', torch.randn(1))
        self.p1 = nn.parameter.Parameter(torch.tensor(1.0))
        print(self._parameters)
        self.p2 = nn.Parameter(torch.tensor(2.0))
        print(self._parameters)

    def forward(self, x):
        return x

model = MyModel()
"""

ROWS = [
    Row("BEH-80", "000:18-25",
        """
        tor = torch.ones(5)
        if torch.cuda.is_available():
            assert tor.cuda().is_cuda and not tor.cuda().cpu().is_cuda
        assert tor.cpu() is tor and tor.to("cpu") is tor
        """),
    Row("BEH-01", "000:28-36",
        """
        a_np = np.ones(5)
        a_tor = torch.ones(5)
        b_np = a_tor.numpy()
        b_tor = torch.from_numpy(a_np)
        a_np += 1
        a_tor += 2
        print(b_np, b_tor)
        """, "[3. 3. 3. 3. 3.] tensor([2., 2., 2., 2., 2.], dtype=torch.float64)"),
    Row("REF-24", "000:55",
        """
        from torch.autograd import Variable
        a = Variable(torch.randn(5, 5), requires_grad=True) + Variable(torch.randn(5, 5), requires_grad=False)
        print(a.requires_grad)
        """, "True"),
    Row("D23", "000:47: creator is grad_fn today",
        "torch.ones(1).creator", raises="AttributeError: 'Tensor' object has no attribute 'creator'"),
    Row("BEH-46", "000:129",
        """
        net = nn.Linear(2, 1)
        print(net.load_state_dict({"weight": torch.ones(1, 2)}, strict=False))
        net.load_state_dict({"weight": torch.ones(1, 2)})
        """, "_IncompatibleKeys(missing_keys=['bias'], unexpected_keys=[])",
        raises='RuntimeError: Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: "bias". '),
    Row("BEH-56", "000:162",
        "net = nn.Linear(1, 2)\nassert str(net) == repr(net) == 'Linear(in_features=1, out_features=2, bias=True)'"),
    Row("REF-57", "000:167-181, D15", MODEL + """
print('my_tensor' in model._parameters, 'my_tensor' in model.state_dict(), model.my_tensor.shape)
print(list(model._buffers), list(model.state_dict()), [n for n, _ in model.named_parameters()])
""",
        """
        {'p1': Parameter containing:
        tensor(1., requires_grad=True)}
        {'p1': Parameter containing:
        tensor(1., requires_grad=True), 'p2': Parameter containing:
        tensor(2., requires_grad=True)}
        False False torch.Size([1])
        ['my_buffer'] ['p1', 'p2', 'my_buffer'] ['p1', 'p2']
        """),
    Row("BEH-43", "000:185-196, D15",
        """
        net = nn.Linear(2, 2)
        for name in ("_modules", "_parameters", "_buffers", "_state_dict_hooks", "_load_state_dict_pre_hooks",
                     "_forward_pre_hooks", "_forward_hooks", "_backward_hooks"):
            assert isinstance(getattr(net, name), dict), name
        print(type(net._non_persistent_buffers_set), list(net._parameters))
        """, "<class 'set'> ['weight', 'bias']"),
    Row("BEH-41", "000:199-216",
        """
        fc = torch.nn.Linear(2, 2)
        assert [n for n, p in fc.named_parameters()] == list(fc._parameters) == ["weight", "bias"]
        assert all(p.requires_grad and isinstance(p, torch.Tensor) and type(p) is nn.Parameter for p in fc.parameters())
        print(fc._parameters["weight"] is fc.weight)
        """, "True"),
    Row("ERR-01", "000:222-242, BEH-40",
        """
        class Bad(nn.Module):
            def __init__(self):
                self.p = nn.Parameter(torch.ones(1))
        Bad()
        """, raises="AttributeError: cannot assign parameters before Module.__init__() call"),
    Row("BEH-40", "000:222-242",
        """
        class M(nn.Module):
            def __init__(self):
                super().__init__()
                self.child = nn.ReLU()
                self.p = nn.Parameter(torch.ones(1))
                self.number = 3
        m = M()
        print(list(m._modules), list(m._parameters), 'number' in m.__dict__, 'p' in m.__dict__)
        m.p = torch.ones(1)
        """, "['child'] ['p'] True False",
        raises="TypeError: cannot assign 'torch.FloatTensor' as parameter 'p' (torch.nn.Parameter or None expected)"),
    Row("BEH-42", "000:245",
        """
        m = nn.Module()
        m.register_buffer('my_buffer', torch.zeros(1))
        m.register_buffer('passing', torch.zeros(1), persistent=False)
        print(list(m.state_dict()), list(m.parameters()), [n for n, _ in m.named_buffers()])
        """, "['my_buffer'] [] ['my_buffer', 'passing']"),
    Row("BEH-45", "000:251-275",
        """
        from collections import OrderedDict
        named = nn.Sequential(OrderedDict([('conv1', nn.Conv2d(1, 20, 5)), ('relu1', nn.ReLU())]))
        layers = [nn.Conv2d(8, 3, kernel_size=7, stride=1, padding=3, bias=False), nn.Tanh()]
        numbered = nn.Sequential(*layers)
        both = nn.ModuleList([named, numbered])
        print(type(both.state_dict()).__name__, list(both.state_dict()))
        for k, v in named.state_dict().items():
            print(k, v.shape)
        print(numbered)
        """,
        """
        OrderedDict ['0.conv1.weight', '0.conv1.bias', '1.0.weight']
        conv1.weight torch.Size([20, 1, 5, 5])
        conv1.bias torch.Size([20])
        Sequential(
          (0): Conv2d(8, 3, kernel_size=(7, 7), stride=(1, 1), padding=(3, 3), bias=False)
          (1): Tanh()
        )
        """),
    Row("BEH-54", "000:277: a list among the layers",
        "nn.Sequential(nn.ReLU(), [nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)])",
        raises="TypeError: list is not a Module subclass"),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
