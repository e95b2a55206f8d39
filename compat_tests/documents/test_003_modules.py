"""Custom layers, model definitions, their reprs and parameter counts, containers and initialisation of the long note."""

from compat_tests.documents.rows import Row, check, parametrize

MLP = """
class MLP(nn.Module):
    def __init__(self, **kwargs):
        super(MLP, self).__init__(**kwargs)
        self.hidden = nn.Linear(784, 256)
        self.act = nn.ReLU()
        self.output = nn.Linear(256, 10)

    def forward(self, x):
        out = self.act(self.hidden(x))
        return self.output(out)

def count(net):
    return sum(p.numel() for p in net.parameters())

x = torch.rand(2, 784)
net = MLP()
"""

LENET = """
class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features

net = Net()
"""

CORRELATION = """
def corr2d(X, K):
    h, w = K.shape
    X, K = X.float(), K.float()
    Y = torch.zeros((X.shape[0] - h + 1, X.shape[1] - w + 1))
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i: i + h, j: j + w] * K).sum()
    return Y
"""

SHAPES = """
def comp_conv2d(conv2d, X):
    X = X.view((1, 1) + X.shape)
    Y = conv2d(X)
    return Y.view(Y.shape[2:])

X = torch.rand(8, 8)
"""

POOL = """
def pool2d(X, pool_size, mode='max'):
    p_h, p_w = pool_size
    Y = torch.zeros((X.shape[0] - p_h + 1, X.shape[1] - p_w + 1))
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            if mode == 'max':
                Y[i, j] = X[i: i + p_h, j: j + p_w].max()
            elif mode == 'avg':
                Y[i, j] = X[i: i + p_h, j: j + p_w].mean()
    return Y

X = torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8]], dtype=torch.float)
"""

ALEXNET = """
class AlexNet(nn.Module):
    def __init__(self):
        super(AlexNet, self).__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 96, 11, 4),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, 1, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(384, 384, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, 1, 1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2)
        )
        self.fc = nn.Sequential(
            nn.Linear(256*5*5, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 10),
        )

    def forward(self, img):
        feature = self.conv(img)
        output = self.fc(feature.view(img.shape[0], -1))
        return output

net = AlexNet()
"""

FASHION = """
class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 32, 5),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),
            nn.Dropout(0.3),
            nn.Conv2d(32, 64, 5),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),
            nn.Dropout(0.3)
        )
        self.fc = nn.Sequential(
            nn.Linear(64 * 4 * 4, 512),
            nn.ReLU(),
            nn.Linear(512, 10)
        )

    def forward(self, x):
        x = self.conv(x)
        x = x.view(-1, 64 * 4 * 4)
        x = self.fc(x)
        return x

net = Net()
"""

UNET = """
class DoubleConv(nn.Module):
    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True)
        )

    def forward(self, x):
        return self.double_conv(x)

class Down(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(in_channels, out_channels))

    def forward(self, x):
        return self.maxpool_conv(x)

class Up(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear=False):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)
            self.conv = DoubleConv(in_channels, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diffY = x2.size()[2] - x1.size()[2]
        diffX = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diffX // 2, diffX - diffX // 2, diffY // 2, diffY - diffY // 2])
        x = torch.cat([x2, x1], dim=1)
        return self.conv(x)

class OutConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super(OutConv, self).__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1)

    def forward(self, x):
        return self.conv(x)

class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False, width=64):
        super(UNet, self).__init__()
        self.inc = DoubleConv(n_channels, width)
        self.down1 = Down(width, 2 * width)
        self.down2 = Down(2 * width, 4 * width)
        self.down3 = Down(4 * width, 8 * width)
        factor = 2 if bilinear else 1
        self.down4 = Down(8 * width, 16 * width // factor)
        self.up1 = Up(16 * width, 8 * width // factor, bilinear)
        self.up2 = Up(8 * width, 4 * width // factor, bilinear)
        self.up3 = Up(4 * width, 2 * width // factor, bilinear)
        self.up4 = Up(2 * width, width, bilinear)
        self.outc = OutConv(width, n_classes)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x5 = self.down4(x4)
        x = self.up1(x5, x4)
        x = self.up2(x, x3)
        x = self.up3(x, x2)
        x = self.up4(x, x1)
        return self.outc(x)
"""

INITIALIZE = """
def initialize_weights(self):
    for m in self.modules():
        if isinstance(m, nn.Conv2d):
            torch.nn.init.xavier_normal_(m.weight.data)
            if m.bias is not None:
                torch.nn.init.constant_(m.bias, 0.3)
        elif isinstance(m, nn.Linear):
            torch.nn.init.normal_(m.weight.data, 0.1)
            if m.bias is not None:
                torch.nn.init.zeros_(m.bias.data)
        elif isinstance(m, nn.BatchNorm2d):
            m.weight.data.fill_(1)
            m.bias.data.zero_()

class MLP(nn.Module):
    def __init__(self, **kwargs):
        super(MLP, self).__init__(**kwargs)
        self.hidden = nn.Conv2d(1, 1, 3)
        self.act = nn.ReLU()
        self.output = nn.Linear(10, 1)

    def forward(self, x):
        o = self.act(self.hidden(x))
        return self.output(o)

mlp = MLP()
"""

ROWS = [
    Row("REF-60", "003:838-877", MLP + "print(net)\n",
        """
        MLP(
          (hidden): Linear(in_features=784, out_features=256, bias=True)
          (act): ReLU()
          (output): Linear(in_features=256, out_features=10, bias=True)
        )
        """),
    Row("FMT-09", "003:875-879",
        MLP + "y = net(x)\nassert y.shape == (2, 10)\nassert str(y).endswith(']], grad_fn=<AddmmBackward0>)')\nprint(y.grad_fn)\n",
        "<AddmmBackward0 object at 0x...>"),
    Row("REF-69-mlp", "003:838-855", MLP + "print(count(net))\n", "203530"),
    Row("BEH-44", "003:857-859",
        MLP + "assert torch.equal(net(x), net.forward(x))\nnet(x).sum().backward()\nassert net.hidden.weight.grad.shape == (256, 784)\n"),
    Row("REF-50", "003:899-915",
        """
        class MyLayer(nn.Module):
            def __init__(self, **kwargs):
                super(MyLayer, self).__init__(**kwargs)
            def forward(self, x):
                return x - x.mean()
        layer = MyLayer()
        print(layer(torch.tensor([1, 2, 3, 4, 5], dtype=torch.float)))
        """, "tensor([-2., -1.,  0.,  1.,  2.])"),
    Row("BEH-52-list", "003:921-940",
        """
        class MyListDense(nn.Module):
            def __init__(self):
                super(MyListDense, self).__init__()
                self.params = nn.ParameterList([nn.Parameter(torch.randn(4, 4)) for i in range(3)])
                self.params.append(nn.Parameter(torch.randn(4, 1)))
            def forward(self, x):
                for i in range(len(self.params)):
                    x = torch.mm(x, self.params[i])
                return x
        net = MyListDense()
        print(net)
        print(net(torch.ones(1, 4)).shape, len(list(net.parameters())), list(net.state_dict()))
        """,
        """
        MyListDense(
          (params): ParameterList(
              (0): Parameter containing: [torch.float32 of size 4x4]
              (1): Parameter containing: [torch.float32 of size 4x4]
              (2): Parameter containing: [torch.float32 of size 4x4]
              (3): Parameter containing: [torch.float32 of size 4x1]
          )
        )
        torch.Size([1, 1]) 4 ['params.0', 'params.1', 'params.2', 'params.3']
        """),
    Row("BEH-52-dict", "003:942-962, PAT-19",
        """
        class MyDictDense(nn.Module):
            def __init__(self):
                super(MyDictDense, self).__init__()
                self.params = nn.ParameterDict({
                    'linear1': nn.Parameter(torch.randn(4, 4)),
                    'linear2': nn.Parameter(torch.randn(4, 1))
                })
                self.params.update({'linear3': nn.Parameter(torch.randn(4, 2))})
            def forward(self, x, choice='linear1'):
                return torch.mm(x, self.params[choice])
        net = MyDictDense()
        print(net)
        x = torch.ones(1, 4)
        print(net(x).shape, net(x, 'linear2').shape, net(x, 'linear3').shape)
        """,
        """
        MyDictDense(
          (params): ParameterDict(
              (linear1): Parameter containing: [torch.FloatTensor of size 4x4]
              (linear2): Parameter containing: [torch.FloatTensor of size 4x1]
              (linear3): Parameter containing: [torch.FloatTensor of size 4x2]
          )
        )
        torch.Size([1, 4]) torch.Size([1, 1]) torch.Size([1, 2])
        """),
    Row("REF-53", "003:969-982", CORRELATION + "print(corr2d(torch.arange(9).view(3, 3), torch.ones(2, 2)))\n",
        """
        tensor([[ 8., 12.],
                [20., 24.]])
        """),
    Row("REF-53-layer", "003:984-994", CORRELATION + """
class Conv2D(nn.Module):
    def __init__(self, kernel_size):
        super(Conv2D, self).__init__()
        self.weight = nn.Parameter(torch.randn(kernel_size))
        self.bias = nn.Parameter(torch.randn(1))

    def forward(self, x):
        return corr2d(x, self.weight) + self.bias

layer = Conv2D((2, 2))
x = torch.rand(4, 4)
y = layer(x)
y.sum().backward()
expected = F.conv2d(x[None, None], layer.weight[None, None], layer.bias)[0, 0]
assert torch.allclose(y, expected, atol=1e-5)
assert torch.allclose(layer.weight.grad, x.unfold(0, 3, 1).unfold(1, 3, 1).sum((2, 3)), atol=1e-5)
assert layer.bias.grad.item() == 9
"""),
    Row("REF-52-padding", "003:1006-1026",
        SHAPES + "conv2d = nn.Conv2d(in_channels=1, out_channels=1, kernel_size=3, padding=1)\nprint(comp_conv2d(conv2d, X).shape)\n",
        "torch.Size([8, 8])"),
    Row("REF-52-uneven", "003:1030-1040",
        SHAPES + "conv2d = nn.Conv2d(in_channels=1, out_channels=1, kernel_size=(5, 3), padding=(2, 1))\nprint(comp_conv2d(conv2d, X).shape)\n",
        "torch.Size([8, 8])"),
    Row("REF-52-stride", "003:1044-1050",
        SHAPES + "conv2d = nn.Conv2d(1, 1, kernel_size=(3, 5), padding=(0, 1), stride=(3, 4))\nprint(comp_conv2d(conv2d, X).shape)\n",
        "torch.Size([2, 2])"),
    Row("REF-51-max", "003:1075-1090", POOL + "print(pool2d(X, (2, 2)))\n",
        """
        tensor([[4., 5.],
                [7., 8.]])
        """),
    Row("REF-51-avg", "003:1092-1099", POOL + "print(pool2d(X, (2, 2), 'avg'))\n",
        """
        tensor([[2., 3.],
                [5., 6.]])
        """),
    Row("BEH-63", "003:1128-1131: weight - lr * grad",
        """
        w = nn.Parameter(torch.tensor([1., 2.]))
        optimizer = optim.SGD([w], lr=0.1)
        (w ** 2).sum().backward()
        expected = w.detach() - 0.1 * w.grad
        optimizer.step()
        assert torch.equal(w.detach(), expected)
        """),
    Row("REF-61", "003:1140-1187", LENET + "print(net)\n",
        """
        Net(
          (conv1): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))
          (conv2): Conv2d(6, 16, kernel_size=(5, 5), stride=(1, 1))
          (fc1): Linear(in_features=400, out_features=120, bias=True)
          (fc2): Linear(in_features=120, out_features=84, bias=True)
          (fc3): Linear(in_features=84, out_features=10, bias=True)
        )
        """),
    Row("REF-62", "003:1192-1202", LENET + "params = list(net.parameters())\nprint(len(params))\nprint(params[0].size())\nprint(sum(p.numel() for p in params))\n",
        """
        10
        torch.Size([6, 1, 5, 5])
        61706
        """),
    Row("REF-62-run", "003:1204-1216", LENET + """
input = torch.randn(1, 1, 32, 32)
out = net(input)
assert out.shape == (1, 10) and str(out).endswith("grad_fn=<AddmmBackward0>)")
net.zero_grad()
out.backward(torch.randn(1, 10))
assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
"""),
    Row("BEH-53", "003:1219, D17: unbatched input is accepted today",
        """
        conv = nn.Conv2d(1, 2, 3)
        x = torch.rand(1, 5, 5)
        assert conv(x.unsqueeze(0)).shape == (1, 2, 3, 3)
        assert torch.allclose(conv(x), conv(x.unsqueeze(0))[0])
        """),
    Row("REF-63", "003:1236-1309, D4", ALEXNET + "print(net)\n",
        """
        AlexNet(
          (conv): Sequential(
            (0): Conv2d(1, 96, kernel_size=(11, 11), stride=(4, 4))
            (1): ReLU()
            (2): MaxPool2d(kernel_size=3, stride=2, padding=0, dilation=1, ceil_mode=False)
            (3): Conv2d(96, 256, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
            (4): ReLU()
            (5): MaxPool2d(kernel_size=3, stride=2, padding=0, dilation=1, ceil_mode=False)
            (6): Conv2d(256, 384, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
            (7): ReLU()
            (8): Conv2d(384, 384, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
            (9): ReLU()
            (10): Conv2d(384, 256, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
            (11): ReLU()
            (12): MaxPool2d(kernel_size=3, stride=2, padding=0, dilation=1, ceil_mode=False)
          )
          (fc): Sequential(
            (0): Linear(in_features=6400, out_features=4096, bias=True)
            (1): ReLU()
            (2): Dropout(p=0.5, inplace=False)
            (3): Linear(in_features=4096, out_features=4096, bias=True)
            (4): ReLU()
            (5): Dropout(p=0.5, inplace=False)
            (6): Linear(in_features=4096, out_features=10, bias=True)
          )
        )
        """),
    Row("REF-63-run", "003:1236-1280: 5 x 5 maps of a 224 x 224 image", ALEXNET + """
print(sum(p.numel() for p in net.parameters()), net.eval()(torch.rand(1, 1, 224, 224)).shape)
print(net.conv(torch.rand(1, 1, 224, 224)).shape)
""", "46764746 torch.Size([1, 10])\ntorch.Size([1, 256, 5, 5])"),
    Row("REF-54", "003:1372-1385",
        """
        conv = nn.Conv2d(1, 3, 3)
        linear = nn.Linear(10, 1)
        print(isinstance(conv, nn.Conv2d))
        print(isinstance(linear, nn.Conv2d))
        """, "True\nFalse"),
    Row("FMT-10", "003:1397-1431",
        """
        conv = nn.Conv2d(1, 3, 3)
        text = str(conv.weight.data)
        assert conv.weight.data.shape == (3, 1, 3, 3) and text.startswith("tensor([[[[")
        assert text.count("\\n\\n\\n") == 2 and "requires_grad" not in text
        torch.nn.init.kaiming_normal_(conv.weight.data)
        print(conv.weight.requires_grad, conv.weight.data.requires_grad)
        """, "True False"),
    Row("REF-55", "003:1416-1432",
        """
        linear = nn.Linear(10, 1)
        torch.nn.init.constant_(linear.weight.data, 0.3)
        print(linear.weight.data)
        assert (linear.weight == 0.3).all()
        """,
        """
        tensor([[0.3000, 0.3000, 0.3000, 0.3000, 0.3000, 0.3000, 0.3000, 0.3000, 0.3000,
                 0.3000]])
        """),
    Row("REF-56", "003:1439-1507", INITIALIZE + """
initialize_weights(mlp)
print(mlp.hidden.bias)
print(mlp.output.bias)
parameters = list(mlp.parameters())
print([p.shape for p in parameters])
""",
        """
        Parameter containing:
        tensor([0.3000], requires_grad=True)
        Parameter containing:
        tensor([0.], requires_grad=True)
        [torch.Size([1, 1, 3, 3]), torch.Size([1]), torch.Size([1, 10]), torch.Size([1])]
        """),
    Row("FMT-11", "003:1488-1507", INITIALIZE + """
for p in mlp.parameters():
    torch.nn.init.constant_(p, 0.25)
print(list(mlp.parameters()))
""",
        """
        [Parameter containing:
        tensor([[[[0.2500, 0.2500, 0.2500],
                  [0.2500, 0.2500, 0.2500],
                  [0.2500, 0.2500, 0.2500]]]], requires_grad=True), Parameter containing:
        tensor([0.2500], requires_grad=True), Parameter containing:
        tensor([[0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500,
                 0.2500]], requires_grad=True), Parameter containing:
        tensor([0.2500], requires_grad=True)]
        """),
    Row("BEH-62", "003:1351-1360",
        """
        gain = nn.init.calculate_gain
        assert [gain(n) for n in ("linear", "conv1d", "conv2d", "conv3d", "sigmoid")] == [1] * 5
        print(f"{gain('relu'):.8f} {gain('tanh'):.8f} {gain('leaky_relu', 0.01):.8f}")
        """, "1.41421356 1.66666667 1.41414286"),
    Row("BEH-11", "002:561, 003:1362: every init but calculate_gain works in place",
        """
        for name in ("uniform_", "normal_", "ones_", "zeros_", "eye_", "xavier_uniform_", "xavier_normal_",
                     "kaiming_uniform_", "kaiming_normal_", "orthogonal_"):
            w = torch.empty(3, 5)
            assert getattr(nn.init, name)(w) is w, name
        w = torch.empty(3, 5)
        assert nn.init.constant_(w, 2.) is w and nn.init.sparse_(w, sparsity=0.1) is w
        assert nn.init.dirac_(torch.empty(2, 2, 3)).sum() == 2
        """),
    Row("D8", "002:696-702: names without the underscore",
        """
        w = torch.empty(3, 4)
        for name in ("uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"):
            assert getattr(nn.init, name)(w) is w
        """,
        warns=tuple(f"`nn.init.{n}` is now deprecated in favor of `nn.init.{n}_`" for n in (
            "uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"))),
    Row("REF-69-fashion", "003:2898-2925", FASHION + "print(sum(p.numel() for p in net.parameters()), net(torch.rand(2, 1, 28, 28)).shape)\n",
        "582026 torch.Size([2, 10])"),
    Row("REF-64", "003:3139-3155",
        """
        net = nn.Sequential(
            nn.Linear(784, 256),
            nn.ReLU(),
            nn.Linear(256, 10),
        )
        print(net)
        """,
        """
        Sequential(
          (0): Linear(in_features=784, out_features=256, bias=True)
          (1): ReLU()
          (2): Linear(in_features=256, out_features=10, bias=True)
        )
        """),
    Row("PAT-20", "003:3108-3130",
        """
        from collections import OrderedDict
        class MySequential(nn.Module):
            def __init__(self, *args):
                super(MySequential, self).__init__()
                if len(args) == 1 and isinstance(args[0], OrderedDict):
                    for key, module in args[0].items():
                        self.add_module(key, module)
                else:
                    for idx, module in enumerate(args):
                        self.add_module(str(idx), module)
            def forward(self, input):
                for module in self._modules.values():
                    input = module(input)
                return input
        fc = nn.Linear(3, 2)
        net = MySequential(fc, nn.ReLU())
        named = MySequential(OrderedDict([("fc", fc), ("act", nn.ReLU())]))
        x = torch.randn(4, 3)
        assert torch.equal(net(x), fc(x).relu()) and torch.equal(named(x), net(x))
        print(list(net.state_dict()), list(named.state_dict()))
        """, "['0.weight', '0.bias'] ['fc.weight', 'fc.bias']"),
    Row("REF-65", "003:3160-3180",
        """
        import collections
        net2 = nn.Sequential(collections.OrderedDict([
            ('fc1', nn.Linear(784, 256)),
            ('relu1', nn.ReLU()),
            ('fc2', nn.Linear(256, 10))
        ]))
        print(net2)
        """,
        """
        Sequential(
          (fc1): Linear(in_features=784, out_features=256, bias=True)
          (relu1): ReLU()
          (fc2): Linear(in_features=256, out_features=10, bias=True)
        )
        """),
    Row("REF-66", "003:3190-3213",
        """
        net = nn.ModuleList([
            nn.Linear(784, 256),
            nn.ReLU(),
        ])
        net.append(nn.Linear(256, 10))
        print(net[-1])
        print(net)
        """,
        """
        Linear(in_features=256, out_features=10, bias=True)
        ModuleList(
          (0): Linear(in_features=784, out_features=256, bias=True)
          (1): ReLU()
          (2): Linear(in_features=256, out_features=10, bias=True)
        )
        """),
    Row("BEH-51", "003:3216: a ModuleList has no forward",
        "nn.ModuleList([nn.Linear(1, 1)])(torch.ones(1))",
        raises='NotImplementedError: Module [ModuleList] is missing the required "forward" function'),
    Row("REF-67", "003:3234-3254, D5: insertion order",
        """
        net = nn.ModuleDict({
            'linear': nn.Linear(784, 256),
            'act': nn.ReLU(),
        })
        net['output'] = nn.Linear(256, 10)
        print(net['linear'])
        print(net.output)
        print(net)
        """,
        """
        Linear(in_features=784, out_features=256, bias=True)
        Linear(in_features=256, out_features=10, bias=True)
        ModuleDict(
          (linear): Linear(in_features=784, out_features=256, bias=True)
          (act): ReLU()
          (output): Linear(in_features=256, out_features=10, bias=True)
        )
        """),
    Row("REF-69-unet", "003:3305-3416", UNET + "print(sum(p.numel() for p in UNet(3, 1).parameters()))\n", "31037633"),
    Row("REF-69-unet-bilinear", "003:3386", UNET + "print(sum(p.numel() for p in UNet(3, 1, bilinear=True).parameters()))\n", "17262977"),
    Row("PAT-12", "003:3305-3416, with 4 channels for 64", UNET + """
for bilinear in (False, True):
    net = UNet(3, 2, bilinear, width=4)
    x = torch.rand(2, 3, 36, 20)      # sizes that the four poolings do not divide
    y = net(x)
    y.mean().backward()
    print(y.shape, all(p.grad.isfinite().all() for p in net.parameters()))
""", "torch.Size([2, 2, 36, 20]) True\ntorch.Size([2, 2, 36, 20]) True"),
    Row("BEH-55", "003:3464-3476: a replaced submodule",
        """
        from collections import OrderedDict
        net = nn.Module()
        net.fc = nn.Linear(8, 100)
        classifier = nn.Sequential(OrderedDict([('fc1', nn.Linear(8, 4)),
                                                ('relu1', nn.ReLU()),
                                                ('dropout1', nn.Dropout(0.5)),
                                                ('fc2', nn.Linear(4, 10)),
                                                ('output', nn.Softmax(dim=1))]))
        net.fc = classifier
        print(list(net.state_dict()), net.fc is classifier)
        """, "['fc.fc1.weight', 'fc.fc1.bias', 'fc.fc2.weight', 'fc.fc2.bias'] True"),
    Row("PAT-11", "003:3863-3952: Dice, IoU and focal losses",
        """
        class DiceLoss(nn.Module):
            def __init__(self, weight=None, size_average=True):
                super(DiceLoss, self).__init__()
            def forward(self, inputs, targets, smooth=1):
                inputs = torch.sigmoid(inputs).view(-1)
                targets = targets.view(-1)
                intersection = (inputs * targets).sum()
                return 1 - (2. * intersection + smooth) / (inputs.sum() + targets.sum() + smooth)
        class FocalLoss(nn.Module):
            def forward(self, inputs, targets, alpha=0.8, gamma=2, smooth=1):
                inputs = torch.sigmoid(inputs).view(-1)
                targets = targets.view(-1)
                BCE = F.binary_cross_entropy(inputs, targets, reduction='mean')
                BCE_EXP = torch.exp(-BCE)
                return alpha * (1 - BCE_EXP) ** gamma * BCE
        x = torch.tensor([[0.5, -1.0], [2.0, 0.0]], requires_grad=True)
        t = torch.tensor([[1., 0.], [1., 1.]])
        dice, focal = DiceLoss()(x, t), FocalLoss()(x, t)
        (dice + focal).backward()
        print(dice, focal)
        print(x.grad)
        """,
        """
        tensor(0.2018, grad_fn=<RsubBackward1>) tensor(0.0352, grad_fn=<MulBackward0>)
        tensor([[-0.0667,  0.0405],
                [-0.0270, -0.0766]])
        """),
    Row("D21", "002:1269, 003: F.sigmoid",
        "assert torch.equal(F.sigmoid(torch.ones(2)), torch.sigmoid(torch.ones(2)))\nassert torch.equal(F.tanh(torch.ones(2)), torch.ones(2).tanh())",
        ),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
