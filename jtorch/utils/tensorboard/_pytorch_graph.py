"""A module's graph in TensorFlow's terms: `SummaryWriter.add_graph` of this package, and of tensorboardX, asks for it."""

from jtorch.utils.model_picture import graph as vertices_of


def graph(model, args, verbose=False, use_strict_trace=True):
    """The graph of a module called with these arguments, where a path of modules is a scope, and statistics, of which there are none."""
    from tensorboardX.proto.attr_value_pb2 import AttrValue
    from tensorboardX.proto.graph_pb2 import GraphDef
    from tensorboardX.proto.node_def_pb2 import NodeDef
    from tensorboardX.proto.versions_pb2 import VersionDef

    name = type(model).__name__
    vertices = vertices_of(model, *(args if isinstance(args, (tuple, list)) else (args,)))
    paths = {vertex.name: f"{name}/{vertex.name.replace('.', '/').replace('#', '_')}" for vertex in vertices}
    nodes = [
        NodeDef(
            name=paths[vertex.name],
            op={"input": "IO Node", "output": "IO Node"}.get(vertex.kind, vertex.label.rpartition(": ")[2]),
            input=[paths[source.name] for source in vertex.sources],
            attr={"shapes": AttrValue(s=vertex.detail.encode())},
        )
        for vertex in vertices
    ]
    made = GraphDef(node=nodes, versions=VersionDef(producer=22))
    if verbose:
        print(made)
    return made, GraphDef()
