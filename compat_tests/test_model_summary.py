"""Tables and pictures of modules."""

import xml.etree.ElementTree as ElementTree

import pytest

import jtorch
from jtorch import nn


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.drop = nn.Dropout()
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.drop(self.norm(self.conv(x))) + x)


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(5, 4)
        self.states = nn.LSTM(4, 3, batch_first=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        states, _ = self.states(self.words(x))
        return self.head(jtorch.cat([states[:, -1], states.mean(1)], 1)), states


def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), Residual(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


TABLE = """\
==========================================================================
Layer (type)             Input shape    Output shape   Param #   Mult-adds
==========================================================================
Sequential               [2, 3, 8, 8]   [2, 2]              --          --
  0: Conv2d              [2, 3, 8, 8]   [2, 4, 6, 6]       112       7,776
  1: Residual            [2, 4, 6, 6]   [2, 4, 6, 6]        --          --
    conv: Conv2d         [2, 4, 6, 6]   [2, 4, 6, 6]       144      10,368
    norm: BatchNorm2d    [2, 4, 6, 6]   [2, 4, 6, 6]         8         288
    drop: Dropout        [2, 4, 6, 6]   [2, 4, 6, 6]        --          --
    act: ReLU            [2, 4, 6, 6]   [2, 4, 6, 6]        --          --
  2: AdaptiveAvgPool2d   [2, 4, 6, 6]   [2, 4, 1, 1]        --          --
  3: Flatten             [2, 4, 1, 1]   [2, 4]              --          --
  4: Linear              [2, 4]         [2, 2]              10          16
==========================================================================
Total params: 274
Trainable params: 162
Non-trainable params: 112
Total mult-adds: 18,448
==========================================================================
"""


def test_the_table():
    module = net()
    module[0].requires_grad_(False)
    made = jtorch.utils.summary(module, input_size=(2, 3, 8, 8))
    assert repr(made).startswith(TABLE)
    assert module.training and not module[0]._forward_hooks and module[1].norm.num_batches_tracked == 0
    assert len(made.table(depth=1).splitlines()) == len(repr(made).splitlines()) - 4
    assert made.output_bytes == 4 * (2 * 4 * 36 * 5 + 8 + 8 + 4)


def test_a_layer_that_is_used_twice_counts_twice():
    layer = nn.Linear(3, 3)
    made = jtorch.utils.summary(nn.Sequential(layer, layer), jtorch.ones(5, 3))
    assert made.total_params == 12 and made.total_mult_adds == 2 * 5 * 9
    assert "(again)" in repr(made)


def test_multiply_adds():
    def cost(layer, *size):
        return jtorch.utils.summary(layer, input_size=size).total_mult_adds

    assert cost(nn.Conv2d(4, 8, 3, groups=2), 1, 4, 5, 5) == 9 * 8 * 2 * 9
    assert cost(nn.ConvTranspose2d(4, 8, 3), 1, 4, 5, 5) == 25 * 4 * 8 * 9
    assert cost(nn.Conv1d(2, 2, 3, bias=False), 3, 2, 6) == 3 * 4 * 2 * 2 * 3
    assert cost(nn.Linear(3, 5), 2, 7, 3) == 14 * 15
    words = jtorch.utils.summary(Words(), jtorch.tensor([[1, 2]]))
    assert [row.multiply_adds for row in words.rows] == [0, 0, 2 * (12 * 4 + 12 * 3), 12]


def test_without_inputs_parameters_are_counted():
    made = jtorch.utils.summary(Words())
    assert made.total_params == 20 + 108 + 14 and made.total_mult_adds == 0


def test_the_modes_come_back_after_an_error():
    module = net()
    with pytest.raises(RuntimeError):
        jtorch.utils.summary(module, jtorch.ones(2, 5))
    assert module.training and module[1].training and not module._forward_hooks


def edges(picture):
    return [(source.name, vertex.name) for vertex in picture.vertices for source in vertex.sources]


def test_the_picture():
    picture = jtorch.utils.draw(net(), jtorch.zeros(2, 3, 8, 8))
    assert edges(picture) == [
        ("input", "0"), ("0", "1.conv"), ("1.conv", "1.norm"), ("1.norm", "Add"), ("0", "Add"), ("Add", "1.act"), ("1.act", "2"), ("2", "3"),
        ("3", "4"), ("4", "output"),
    ]  # fmt: skip
    assert [v.label for v in picture.vertices][:3] == ["input", "0: Conv2d", "1.conv: Conv2d"]
    assert '"0" -> "1.conv"' in picture.dot


def test_integers_and_frozen_layers_are_in_the_picture():
    module = Words().requires_grad_(False)
    assert edges(jtorch.utils.draw(module, jtorch.tensor([[1, 2]]))) == [
        ("input", "words"), ("words", "states"), ("states", "Select"), ("states", "Mean"), ("Select", "Cat"), ("Mean", "Cat"), ("Cat", "head"),
        ("head", "output0"), ("states", "output1"),
    ]  # fmt: skip


def test_files_of_pictures(tmp_path):
    picture = jtorch.utils.draw(net(), jtorch.zeros(2, 3, 8, 8))
    picture.save(tmp_path / "net.svg")
    drawn = ElementTree.parse(tmp_path / "net.svg").getroot()
    boxes = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert len(boxes) == len(picture.vertices) and picture._repr_svg_() == picture.svg
    picture.save(tmp_path / "net.dot")
    assert (tmp_path / "net.dot").read_text() == picture.dot
    with pytest.raises(ValueError, match=".svg, .dot or .gv"):
        picture.save("net.png")
