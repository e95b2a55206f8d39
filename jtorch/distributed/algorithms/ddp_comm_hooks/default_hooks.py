"""The average of gradients, in their dtype or in one of 16 bits."""

import jtorch
from jtorch import distributed as dist


def _averaged(group, tensor):
    count = dist.get_world_size(group)
    return (
        dist.all_reduce(tensor.div_(count), group=group, async_op=True).get_future().then(lambda done: done.value()[0])
    )


def allreduce_hook(process_group, bucket):
    """The average of the bucket over the processes, as without a hook."""
    return _averaged(process_group, bucket.buffer())


def _compressed(process_group, bucket, dtype):
    buffer = bucket.buffer()
    return _averaged(process_group, buffer.to(dtype)).then(lambda done: buffer.copy_(done.value()))


def fp16_compress_hook(process_group, bucket):
    """The average, of the gradients as float16."""
    return _compressed(process_group, bucket, jtorch.float16)


def bf16_compress_hook(process_group, bucket):
    """The average, of the gradients as bfloat16."""
    return _compressed(process_group, bucket, jtorch.bfloat16)


def _wrapper(hook, dtype):
    def wrapped(state, bucket):
        buffer = bucket.buffer()
        bucket.set_buffer(buffer.to(dtype))
        return hook(state, bucket).then(lambda done: buffer.copy_(_first(done.value())))

    return wrapped


def _first(value):
    return value[0] if isinstance(value, list) else value


def fp16_compress_wrapper(hook):
    """Another hook, on gradients as float16."""
    return _wrapper(hook, jtorch.float16)


def bf16_compress_wrapper(hook):
    """Another hook, on gradients as bfloat16."""
    return _wrapper(hook, jtorch.bfloat16)
