"""Optimizers and schedulers of the long note: the walk through SGD's state, the base class, errors, learning rates."""

from compat_tests.documents.rows import Row, check, parametrize

START = """
weight = torch.tensor([[-0.3077, -0.1808], [-0.7462, -1.5556]], requires_grad=True)
weight.grad = torch.ones((2, 2))
optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
"""
STEPPED = START + "optimizer.step()\noptimizer.zero_grad(set_to_none=False)\n"
TWO_GROUPS = (
    STEPPED
    + """
weight2 = torch.tensor([[0.4539, -2.1901, -0.6662], [0.6630, -1.5178, -0.8708], [-2.0222, 1.4573, 0.8657]])
weight2.requires_grad_()
optimizer.add_param_group({"params": weight2, 'lr': 0.0001, 'nesterov': True})
"""
)
FIFTY_STEPS = TWO_GROUPS + "for _ in range(50):\n    optimizer.step()\n"

DEFAULTS = "'dampening': 0, 'weight_decay': 0"
MORE = "'maximize': False, 'foreach': None, 'differentiable': False, 'fused': None"

ROWS = [
    Row("REF-70-before", "003:2570-2580", START + """
print("The data of weight before step:\\n{}".format(weight.data))
print("The grad of weight before step:\\n{}".format(weight.grad))
""",
        """
        The data of weight before step:
        tensor([[-0.3077, -0.1808],
                [-0.7462, -1.5556]])
        The grad of weight before step:
        tensor([[1., 1.],
                [1., 1.]])
        """),
    Row("REF-70-step", "003:2580-2590", START + """
optimizer.step()
print("The data of weight after step:\\n{}".format(weight.data))
print("The grad of weight after step:\\n{}".format(weight.grad))
""",
        """
        The data of weight after step:
        tensor([[-0.4077, -0.2808],
                [-0.8462, -1.6556]])
        The grad of weight after step:
        tensor([[1., 1.],
                [1., 1.]])
        """),
    Row("REF-70-zero-grad", "003:2590-2595, 2360: set_to_none=False", STEPPED + """
print("The grad of weight after optimizer.zero_grad():\\n{}".format(weight.grad))
""",
        """
        The grad of weight after optimizer.zero_grad():
        tensor([[0., 0.],
                [0., 0.]])
        """),
    Row("D1", "003:2604: zero_grad() of today", START + "optimizer.step()\noptimizer.zero_grad()\nprint(weight.grad)\n", "None"),
    Row("REF-70-param-groups", "003:2597-2600, D2", STEPPED + """
print("optimizer.params_group is \\n{}".format(optimizer.param_groups))
""",
        "optimizer.params_group is \n[{'params': [tensor([[-0.4077, -0.2808],\n        [-0.8462, -1.6556]], requires_grad=True)], "
        f"'lr': 0.1, 'momentum': 0.9, {DEFAULTS}, 'nesterov': False, {MORE}}}]"),
    Row("REF-70-identity", "003:2602-2604", START +
        "assert id(optimizer.param_groups[0]['params'][0]) == id(weight)\n"),
    Row("REF-70-add-group", "003:2606-2612", TWO_GROUPS + """
print("optimizer.param_groups is\\n{}".format(optimizer.param_groups))
""",
        "optimizer.param_groups is\n[{'params': [tensor([[-0.4077, -0.2808],\n        [-0.8462, -1.6556]], requires_grad=True)], "
        f"'lr': 0.1, 'momentum': 0.9, {DEFAULTS}, 'nesterov': False, {MORE}}}, "
        "{'params': [tensor([[ 0.4539, -2.1901, -0.6662],\n        [ 0.6630, -1.5178, -0.8708],\n"
        "        [-2.0222,  1.4573,  0.8657]], requires_grad=True)], "
        f"'lr': 0.0001, 'nesterov': True, 'momentum': 0.9, {DEFAULTS}, {MORE}}}]"),
    Row("REF-70-state-dict", "003:2614-2618", TWO_GROUPS + 'print("state_dict before step:\\n", optimizer.state_dict())\n',
        "state_dict before step:\n {'state': {0: {'momentum_buffer': tensor([[1., 1.],\n        [1., 1.]])}}, 'param_groups': "
        f"[{{'lr': 0.1, 'momentum': 0.9, {DEFAULTS}, 'nesterov': False, {MORE}, 'params': [0]}}, "
        f"{{'lr': 0.0001, 'nesterov': True, 'momentum': 0.9, {DEFAULTS}, {MORE}, 'params': [1]}}]}}"),
    Row("REF-70-fifty-steps", "003:2620-2624", FIFTY_STEPS + """
print(optimizer.state_dict()['state'])
print(weight.data)
assert abs(optimizer.state[weight]['momentum_buffer'][0, 0].item() - 0.9 ** 50) < 1e-8
""",
        """
        {0: {'momentum_buffer': tensor([[0.0052, 0.0052],
                [0.0052, 0.0052]])}}
        tensor([[-1.3031, -1.1762],
                [-1.7416, -2.5510]])
        """),
    Row("D1-fifty-steps", "003:2604: with no gradient the steps do nothing", TWO_GROUPS + """
optimizer.zero_grad()
before = weight.detach().clone()
for _ in range(50):
    optimizer.step()
assert torch.equal(before, weight)
print(optimizer.state_dict()['state'])
""",
        """
        {0: {'momentum_buffer': tensor([[1., 1.],
                [1., 1.]])}}
        """),
    Row("REF-70-save-load", "003:2626-2636", FIFTY_STEPS + """
torch.save(optimizer.state_dict(), "optimizer_state_dict.pkl")
print("----------done-----------")
state_dict = torch.load("optimizer_state_dict.pkl")
optimizer.load_state_dict(state_dict)
print("load state_dict successfully\\n{}".format(state_dict))
""",
        "----------done-----------\nload state_dict successfully\n"
        "{'state': {0: {'momentum_buffer': tensor([[0.0052, 0.0052],\n        [0.0052, 0.0052]])}}, 'param_groups': "
        f"[{{'lr': 0.1, 'momentum': 0.9, {DEFAULTS}, 'nesterov': False, {MORE}, 'params': [0]}}, "
        f"{{'lr': 0.0001, 'nesterov': True, 'momentum': 0.9, {DEFAULTS}, {MORE}, 'params': [1]}}]}}"),
    Row("REF-70-after-load", "003:2650-2657", FIFTY_STEPS + """
optimizer.load_state_dict(optimizer.state_dict())
print("\\n{}".format(optimizer.param_groups))
""",
        f"[{{'lr': 0.1, 'momentum': 0.9, {DEFAULTS}, 'nesterov': False, {MORE}, 'params': [tensor([[-1.3031, -1.1762],\n"
        "        [-1.7416, -2.5510]], requires_grad=True)]}, "
        f"{{'lr': 0.0001, 'nesterov': True, 'momentum': 0.9, {DEFAULTS}, {MORE}, 'params': [tensor([[ 0.4539, -2.1901, -0.6662],\n"
        "        [ 0.6630, -1.5178, -0.8708],\n        [-2.0222,  1.4573,  0.8657]], requires_grad=True)]}]"),
    Row("REF-70-defaults", "003:2339, 2640", START + "print(optimizer.defaults)\n",
        f"{{'lr': 0.1, 'momentum': 0.9, {DEFAULTS}, 'nesterov': False, {MORE}}}"),
    Row("REF-70-state", "003:2642-2646", FIFTY_STEPS + "print(optimizer.state)\n",
        "defaultdict(<class 'dict'>, {tensor([[-1.3031, -1.1762],\n        [-1.7416, -2.5510]], requires_grad=True): "
        "{'momentum_buffer': tensor([[0.0052, 0.0052],\n        [0.0052, 0.0052]])}})"),
    Row("BEH-70", "003:2325-2354", START + """
import collections
assert type(optimizer.state) is collections.defaultdict and optimizer.state.default_factory is dict
assert isinstance(optimizer.param_groups, list) and isinstance(optimizer.defaults, dict)
"""),
    Row("BEH-71", "003:2359-2371: zero_grad leaves the same gradient object, without history",
        """
        w = nn.Parameter(torch.ones(2))
        optimizer = optim.SGD([w], lr=0.1)
        (g,) = torch.autograd.grad((w ** 3).sum(), w, create_graph=True)
        w.grad = g
        optimizer.zero_grad(set_to_none=False)
        assert w.grad is g and g.grad_fn is None and not g.requires_grad
        print(w.grad)
        """, "tensor([0., 0.])"),
    Row("ERR-11", "003:2377: the base class has no step",
        "optim.Optimizer([nn.Parameter(torch.ones(1))], {}).step()", raises="NotImplementedError: "),
    Row("ERR-02", "003:2386", START + "optimizer.add_param_group([weight])\n",
        raises="TypeError: param_group must be a dict, but got <class 'list'>"),
    Row("ERR-03", "003:2393", START + "optimizer.add_param_group({'params': {torch.ones(1, requires_grad=True)}})\n",
        raises="TypeError: optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
        "will change between runs. Please use a list instead."),
    Row("ERR-04", "003:2400", "optim.SGD([1.0], lr=0.1)",
        raises="TypeError: optimizer can only optimize Tensors, but one of the params is float"),
    Row("ERR-05", "003:2403", "optim.SGD([torch.ones(1, requires_grad=True) * 2], lr=0.1)",
        raises="ValueError: can't optimize a non-leaf Tensor"),
    Row("ERR-06", "003:2407",
        """
        from torch.optim.optimizer import required
        optim.Optimizer([nn.Parameter(torch.ones(1))], {"lr": required})
        """,
        raises="ValueError: parameter group didn't specify a value of required optimization parameter lr"),
    Row("ERR-07", "003:2414",
        """
        w = nn.Parameter(torch.ones(1))
        optim.SGD([w, w], lr=0.1)
        """,
        warns=("optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
               "see github.com/pytorch/pytorch/issues/40967 for more information",)),
    Row("ERR-08", "003:2424", START + "optimizer.add_param_group({'params': [weight]})\n",
        raises="ValueError: some parameters appear in more than one parameter group"),
    Row("ERR-09", "003:2448", TWO_GROUPS + """
optim.SGD([weight], lr=0.1).load_state_dict(optimizer.state_dict())
""", raises="ValueError: loaded state dict has a different number of parameter groups"),
    Row("ERR-10", "003:2453", START + """
optim.SGD([weight, torch.ones(1, requires_grad=True)], lr=0.1).load_state_dict(optimizer.state_dict())
""", raises="ValueError: loaded state dict contains a parameter group that doesn't match the size of optimizer's group"),
    Row("BEH-74", "003:2430-2480: state is copied and cast to the parameter's dtype", STEPPED + """
saved = optimizer.state_dict()
double = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
other = optim.SGD([double], lr=0.5, momentum=0.9)
other.load_state_dict(saved)
buffer = other.state[double]['momentum_buffer']
assert buffer.dtype == torch.float64 and other.param_groups[0]['lr'] == 0.1
buffer.zero_()
print(optimizer.state[weight]['momentum_buffer'])
""",
        """
        tensor([[1., 1.],
                [1., 1.]])
        """),
    Row("BEH-75", "003:2694-2708: a group without lr takes the default",
        """
        net = nn.ModuleDict({"fc": nn.Linear(2, 2), "conv1": nn.Conv2d(1, 1, 1)})
        optimizer = optim.SGD([{'params': net.fc.parameters()},
                               {'params': net.conv1.parameters(), 'lr': 1e-2}], lr=1e-5)
        print([(len(group['params']), group['lr']) for group in optimizer.param_groups])
        """, "[(2, 1e-05), (2, 0.01)]"),
    Row("PAT-06", "002:1460-1466, TYPO 'parameters'",
        "optim.SGD([{'parameters': [nn.Parameter(torch.ones(1))]}], lr=0.1)", raises="KeyError: 'params'"),
    Row("BEH-50", "002:742, 1073: zeroing the net is zeroing its optimizer",
        """
        net = nn.Linear(2, 1)
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        for zero in (net.zero_grad, optimizer.zero_grad):
            net(torch.ones(1, 2)).backward()
            assert net.weight.grad is not None
            zero()
            assert net.weight.grad is None and net.bias.grad is None
        """),
    Row("REF-71", "003:4013-4022",
        """
        import types
        args = types.SimpleNamespace(lr=0.1)
        def adjust_learning_rate(optimizer, epoch):
            lr = args.lr * (0.1 ** (epoch // 30))
            for param_group in optimizer.param_groups:
                param_group['lr'] = lr
        w = nn.Parameter(torch.zeros(1))
        optimizer = optim.SGD([w], lr=args.lr)
        for epoch in (0, 29, 30, 65):
            adjust_learning_rate(optimizer, epoch)
            before = w.item()
            w.grad = torch.ones(1)
            optimizer.step()
            print(f"{optimizer.param_groups[0]['lr']:.4f} {before - w.item():.4f}")
        """, "0.1000 0.1000\n0.1000 0.1000\n0.0100 0.0100\n0.0010 0.0010"),
    Row("REF-72-lambda", "002:268-281",
        """
        optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
        scheduler = optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda t: t / 10)
        rates = []
        for t in range(0, 10):
            rates.append(round(optimizer.param_groups[0]['lr'], 6))
            optimizer.step()
            scheduler.step()
        print(rates)
        """, "[0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8]"),
    Row("REF-72-multistep", "002:274",
        """
        optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[50, 70], gamma=0.1)
        rates = []
        for t in range(80):
            rates.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            scheduler.step()
        print(rates[49], f"{rates[50]:.3f} {rates[69]:.3f} {rates[70]:.3f}")
        """, "1.0 0.100 0.100 0.010"),
    Row("REF-72-cosine", "002:276",
        """
        import math
        optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=80)
        for t in range(80):
            assert abs(optimizer.param_groups[0]['lr'] - 0.05 * (1 + math.cos(math.pi * t / 80))) < 1e-9
            optimizer.step()
            scheduler.step()
        assert optimizer.param_groups[0]['lr'] < 1e-9
        """),
    Row("D22", "002:278-280, BEH-76: the scheduler first",
        """
        optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        for t in range(2):
            scheduler.step()
            optimizer.step()
        print(optimizer.param_groups[0]['lr'])
        """, "0.25", warns=("Detected call of `lr_scheduler.step()` before `optimizer.step()`",)),
    Row("D9", "002:270: ReduceLROnPlateau(verbose=True)",
        """
        optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='max', patience=5, verbose=True)
        for t in range(8):
            scheduler.step(1.0)
        assert abs(optimizer.param_groups[0]['lr'] - 0.1) < 1e-9
        """, warns=("DeprecationWarning",), today=False),
    Row("BEH-78", "002:1116, 1487",
        """
        optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
        print(optimizer.state_dict()['param_groups'][0]['lr'], next(iter(optimizer.param_groups))['lr'])
        """, "0.3 0.3"),
    Row("4.16", "003:2312-2322: the signatures that the document lists",
        """
        w = [nn.Parameter(torch.ones(2))]
        optim.SGD(w, lr=0.1, momentum=0, dampening=0, weight_decay=0, nesterov=False)
        optim.ASGD(w, lr=0.01, lambd=0.0001, alpha=0.75, t0=1000000.0, weight_decay=0)
        optim.LBFGS(w, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-07, tolerance_change=1e-09, history_size=100)
        optim.RMSprop(w, lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False)
        optim.Rprop(w, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-06, 50))
        optim.Adadelta(w, lr=1.0, rho=0.9, eps=1e-06, weight_decay=0)
        optim.Adagrad(w, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10)
        optim.Adam(w, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, amsgrad=False)
        optim.AdamW(w, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, amsgrad=False)
        optim.Adamax(w, lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0)
        optim.SparseAdam(w, lr=0.001, betas=(0.9, 0.999), eps=1e-08)
        """),
    Row("PAT-16", "003:2718-2745: regression with four optimizers",
        """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.hidden = nn.Linear(1, 20)
                self.predict = nn.Linear(20, 1)
            def forward(self, x):
                return self.predict(F.relu(self.hidden(x)))
        a = torch.linspace(-1, 1, 1000)
        x = torch.unsqueeze(a, dim=1)
        y = x.pow(2) + 0.1 * torch.normal(torch.zeros(x.size()))
        for make in (lambda p: optim.SGD(p, lr=0.1), lambda p: optim.SGD(p, lr=0.1, momentum=0.8),
                     lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9), lambda p: optim.Adam(p, lr=0.01, betas=(0.9, 0.99))):
            net = Net()
            optimizer = make(net.parameters())
            losses = []
            for step in range(60):
                loss = F.mse_loss(net(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            assert losses[-1] < 0.5 * losses[0] and losses[-1] < 0.1, losses
        """),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
