"""The memory order of images whose channels lie innermost ("channels last"): who has it, and who hands it on."""


def like(shape, strides) -> bool:
    """Whether strides of 4 dimensions are those of channels last; where they could be either, they are not."""
    if strides is None or len(shape) != 4 or 0 in shape or strides[1] == 0:
        return False
    least = 0
    for d in (1, *range(len(shape) - 1, 1, -1), 0):
        if strides[d] < least or (d == 0 and least == strides[1]):
            return False
        least = strides[d] * max(shape[d], 1)
    return True


def order(shape) -> tuple[int, ...]:
    """The strides of densely packed elements with channels last."""
    strides, step = [0] * len(shape), 1
    for d in (1, *range(len(shape) - 1, 1, -1), 0):
        strides[d] = step
        step *= max(shape[d], 1)
    return tuple(strides)


def as_input(shapes, input_shape, input_strides):
    """A layout rule: results lie as the input does, where they have its number of dimensions."""
    follow = like(input_shape, input_strides)
    return [order(shape) if follow and len(shape) == len(input_shape) else None for shape in shapes]
