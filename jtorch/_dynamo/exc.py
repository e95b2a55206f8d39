"""torch._dynamo.exc: errors that programs catch. Python is never turned into a graph here, so nothing raises them."""


class TorchDynamoException(RuntimeError):
    pass


class Unsupported(TorchDynamoException):
    pass
