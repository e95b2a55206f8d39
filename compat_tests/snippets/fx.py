"""torch.fx: graphs that are traced, changed, run and written down."""

import copy
import operator
import pickle

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import fx


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.act = nn.Linear(2, 2), nn.ReLU()

    def forward(self, x):
        return self.act(self.linear(x)) + x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.weight = Block(), nn.Parameter(torch.ones(2))
        self.stack = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
        self.register_buffer("shift", torch.zeros(2))

    def forward(self, x, scale: float = 2.0, *, flag=True):
        y = self.stack(self.block(x)) * self.weight + self.shift
        n = y.shape[0]
        y = F.relu(y.view(n, -1), inplace=True)
        return {"out": torch.flatten(y, 1) * scale, "rest": (n, y[:, :1].size(0), -y)}


def traced(fn):
    return fx.symbolic_trace(fn)


def twice(x):
    return torch.add(x, 1).relu() + torch.add(x * 2, 1).relu()


# --- graph
print(traced(Net()).graph)
# --- code
traced(Net()).code
# --- values and state
torch.manual_seed(0)
net = Net()
made = traced(net)
x = torch.rand(3, 2)
[
    torch.equal(made(x)["out"], net(x)["out"]),
    made(x)["rest"][:2],
    sorted(made.state_dict()),
    type(made).__name__,
    [*dict(made.named_modules())],
]
# --- text
print(traced(Block()))
# --- nodes
[(n.op, n.name, [u.name for u in n.users], [i.name for i in n.all_input_nodes]) for n in traced(Block()).graph.nodes]
# --- operators
[
    traced(f).code
    for f in (lambda x: 2 - x**2 / 3 // 1 % 2, lambda x: (x > 0) & (x < 3) | ~(x == 1), lambda x: x[..., 0:2][None])
]
# --- attributes
traced(lambda x: x.T.device).code
# --- constants
p = torch.ones(2)
made = traced(lambda x: p + x * torch.tensor([1.0, 2.0]) + torch.zeros(2))
[made.code, made(torch.ones(2)), sorted(made.state_dict())]


# --- unpacking
def halves(x):
    a, b = x.split(2)
    return a + b


[traced(halves).code, traced(halves)(torch.ones(4))]
# --- control flow
traced(lambda x: x if x.sum() > 0 else -x)
# --- loop over a value
traced(lambda x: [i for i in x])
# --- length
traced(lambda x: len(x))


# --- a value becomes fixed
def chosen(x, flag):
    return x + 1 if flag else x - 1


made = fx.symbolic_trace(chosen, concrete_args={"flag": True})
[[(n.op, n.name) for n in made.graph.nodes], made(torch.ones(1), True)]
# --- graph by hand
graph = fx.Graph()
a, b = graph.placeholder("a"), graph.placeholder("b", default_value=3)
c = graph.call_function(torch.add, (a, b))
graph.output((graph.call_method("view", (c, -1)), c))
made = fx.GraphModule({}, graph)
[str(graph), made.code, made(torch.ones(2))]
# --- insertions and a default that is None
graph = fx.Graph()
a = graph.placeholder("a", default_value=None)
graph.output(a)
with graph.inserting_after(a):
    one, two = (graph.call_function(f, (a,)) for f in (torch.relu, torch.neg))
with graph.inserting_after():
    graph.call_function(torch.abs, (a,))
[str(graph), fx.GraphModule({}, graph).code]
# --- transformer keeps a default that is None
def optional(x, y=None):
    return x + 1


fx.Transformer(fx.symbolic_trace(optional)).transform().code
# --- graph with what it names
graph = fx.Graph()
graph.output(graph.call_module("inner.act", (graph.get_attr("w"),)))
made = fx.GraphModule({"inner.act": nn.ReLU(), "w": torch.tensor([-1.0, 1.0])}, graph, "Small")
[made(), made.code, type(made).__name__]
# --- lacking name
graph = fx.Graph()
graph.get_attr("w")
fx.GraphModule({}, graph)
# --- changed
made = traced(twice)
for node in made.graph.nodes:
    if node.target is operator.add:
        with made.graph.inserting_after(node):
            last = made.graph.call_function(torch.neg, (node,))
            node.replace_all_uses_with(last)
            last.update_arg(0, node)
made.recompile()
[made.code, made(torch.tensor([1.0, -2.0]))]
# --- erased
made = traced(lambda x: (x + 1) * 2)
first = [*made.graph.nodes][1]
made.graph.erase_node(first)
# --- dead code
made = traced(lambda x: (x + 1, x * 2)[1])
[made.graph.eliminate_dead_code(), [n.name for n in made.graph.nodes], len(made.graph.nodes)]
# --- lint
graph = fx.Graph()
a = graph.placeholder("a")
b = graph.call_method("neg", (a,))
b.append(a)
graph.lint()
# --- pattern
made = traced(twice)
found = fx.replace_pattern(made, lambda a, b: torch.add(a, b).relu(), lambda a, b: torch.sub(a, b).abs())
[len(found), made(torch.tensor([1.0, -2.0]))]


# --- interpreter
class Shapes(fx.Interpreter):
    def run_node(self, n):
        result = super().run_node(n)
        print(n.op, n.name, tuple(result.shape))
        return result


Shapes(traced(twice)).run(torch.tensor([1.0, -2.0]))
# --- interpreter without enough
fx.Interpreter(traced(twice)).run()


# --- transformer
class Negated(fx.Transformer):
    def call_function(self, target, args, kwargs):
        return (
            super().call_function(torch.neg, args[:1], {})
            if target is operator.add
            else super().call_function(target, args, kwargs)
        )


[Negated(traced(twice)).transform().code]
# --- shapes
from torch.fx.passes.shape_prop import ShapeProp

made = traced(twice)
ShapeProp(made).propagate(torch.ones(2, 3))
[(n.name, n.meta["tensor_meta"].shape, n.meta["tensor_meta"].dtype) for n in made.graph.nodes]


# --- leaves
class Whole(fx.Tracer):
    def is_leaf_module(self, m, module_qualified_name):
        return isinstance(m, Block) or super().is_leaf_module(m, module_qualified_name)


[n.target for n in Whole().trace(Net()).find_nodes(op="call_module")]
# --- copies
made = traced(Net())
x = torch.rand(3, 2)
[torch.equal(made(x)["out"], copied(x)["out"]) for copied in (copy.deepcopy(made), pickle.loads(pickle.dumps(made)))]
# --- proxies by hand
graph = fx.Graph()
x = fx.Proxy(graph.placeholder("x"))
graph.output((torch.relu(x) + x.neg()).node)
[fx.GraphModule({}, graph).code, str(x)]
# --- assertions stay
def checked(x):
    torch._assert(x.shape[0] == 2, "two rows")
    return x + 1


made = traced(checked)
made.graph.eliminate_dead_code()
[made.code, made(torch.ones(2))]
