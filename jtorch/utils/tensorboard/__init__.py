"""torch.utils.tensorboard: logs for TensorBoard, written by tensorboardX (the extra `tensorboard`)."""

from jtorch.utils.tensorboard.writer import FileWriter, SummaryWriter
