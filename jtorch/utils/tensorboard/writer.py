"""`SummaryWriter` with torch's arguments, over tensorboardX's, which writes the files."""

import io
import os
import socket
import time
import wave

import numpy as np

import jtorch

__all__ = ["FileWriter", "SummaryWriter"]


def _tensorboardx():
    try:
        import tensorboardX
    except ImportError as error:
        raise ImportError(
            f"torch.utils.tensorboard needs tensorboardX ({error}): pip install 'jtorch-jax[tensorboard]', and tensorboard to look at the files"
        ) from error
    return tensorboardX


def FileWriter(log_dir, max_queue=10, flush_secs=120, filename_suffix=""):
    """A writer of bare events, tensorboardX's."""
    from tensorboardX.writer import FileWriter

    return FileWriter(os.fspath(log_dir), max_queue, flush_secs, filename_suffix)


class SummaryWriter:
    """Write scalars, pictures, histograms and the like to `log_dir` (`runs/DATE_HOST` unless given) for TensorBoard.

    Tensors are taken wherever arrays are, with or without a gradient. After `close`, or a `with` block, everything is in the file.

        with torch.utils.tensorboard.SummaryWriter("runs/first") as writer:
            for step in range(100):
                writer.add_scalar("loss", loss, step)
    """

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix=""):
        if not log_dir:
            now = time.strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self._options = max_queue, flush_secs, filename_suffix
        self._writer = _tensorboardx().SummaryWriter(
            self.log_dir, comment, purge_step, max_queue, flush_secs, filename_suffix, comet_config={"disabled": True}
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def flush(self) -> None:
        """Write what is waiting to the files."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is waiting, and close the files; another `add` opens new ones."""
        self._writer.close()

    @property
    def file_writer(self):
        """tensorboardX's writer of the events in `log_dir`."""
        return self._writer._get_file_writer()

    @property
    def all_writers(self) -> dict:
        """The writers by folder."""
        self._writer._get_file_writer()
        return self._writer.all_writers

    def get_logdir(self) -> str:
        """The folder of the files."""
        return self.log_dir

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        """A number: a point of a curve. The last two options choose between forms that TensorBoard shows alike."""
        self._writer.add_scalar(tag, _number(scalar_value), _number(global_step), walltime)

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        """Several curves in one picture; each has a folder of its own, `main_tag_tag`."""
        walltime = time.time() if walltime is None else walltime
        for tag, value in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            writers = self.all_writers
            if folder not in writers:
                writers[folder] = FileWriter(folder, *self._options)
            writers[folder].add_summary(
                _tensorboardx().summary.scalar(main_tag, _number(value)), _number(global_step), walltime
            )

    def add_hparams(self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None):
        """Settings of a run and what they led to, as a row of TensorBoard's table; in a folder of its own, `run_name`."""
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        if hparam_domain_discrete:
            raise NotImplementedError(
                "add_hparams: hparam_domain_discrete is not there; leave it out: values are listed as they come"
            )
        summaries = _tensorboardx().summary.hparams(
            {name: _plain(value) for name, value in hparam_dict.items()},
            {name: _number(v) for name, v in metric_dict.items()},
        )
        with SummaryWriter(os.path.join(self.log_dir, run_name or str(time.time()))) as writer:
            for made in summaries:
                writer.file_writer.add_summary(made)
            for name, value in metric_dict.items():
                writer.add_scalar(name, value, global_step)

    def add_tensor(self, tag, tensor, global_step=None, walltime=None):
        """A tensor as it is."""
        from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboardX.proto.tensor_pb2 import TensorProto
        from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

        array = _plain(tensor)
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in array.shape])
        proto = TensorProto(
            dtype="DT_FLOAT", float_val=array.astype("float32").reshape(-1).tolist(), tensor_shape=shape
        )
        metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="tensor"))
        summary = Summary(value=[Summary.Value(tag=tag, tensor=proto, metadata=metadata)])
        self.file_writer.add_summary(summary, _number(global_step), walltime)

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None):
        """How the elements of a tensor are distributed."""
        self._writer.add_histogram(tag, _plain(values), _number(global_step), bins, walltime, max_bins)

    def add_histogram_raw(self, tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts, global_step=None, walltime=None):  # fmt: skip
        """A distribution by its buckets."""
        numbers = [_plain(value) for value in (min, max, num, sum, sum_squares, bucket_limits, bucket_counts)]
        self._writer.add_histogram_raw(tag, *numbers, _number(global_step), walltime)

    def add_image(self, tag, img_tensor, global_step=None, walltime=None, dataformats="CHW"):
        """A picture: floats from 0 to 1, or bytes."""
        self._writer.add_image(tag, _plain(img_tensor), _number(global_step), walltime, dataformats)

    def add_images(self, tag, img_tensor, global_step=None, walltime=None, dataformats="NCHW"):
        """A batch of pictures, side by side."""
        self._writer.add_images(tag, _plain(img_tensor), _number(global_step), walltime, dataformats)

    def add_image_with_boxes(self, tag, img_tensor, box_tensor, global_step=None, walltime=None, rescale=1, dataformats="CHW", labels=None):  # fmt: skip
        """A picture with boxes drawn into it, rows of (left, top, right, bottom)."""
        self._writer.add_image_with_boxes(
            tag,
            _plain(img_tensor),
            _plain(box_tensor),
            _number(global_step),
            walltime,
            labels=labels,
            dataformats=dataformats,
            rescale=rescale,
        )

    def add_figure(self, tag, figure, global_step=None, close=True, walltime=None):
        """A figure of matplotlib, or several."""
        self._writer.add_figure(tag, figure, _number(global_step), close, walltime)

    def add_video(self, tag, vid_tensor, global_step=None, fps=4, walltime=None):
        """Frames, (batch, time, channel, height, width), as a moving picture; needs moviepy."""
        self._writer.add_video(tag, _plain(vid_tensor), _number(global_step), fps, walltime)

    def add_text(self, tag, text_string, global_step=None, walltime=None):
        """A text."""
        self._writer.add_text(tag, text_string, _number(global_step), walltime)

    def add_embedding(self, mat, metadata=None, label_img=None, global_step=None, tag="default", metadata_header=None):
        """Points in space, rows of a matrix, with labels or pictures."""
        # Places of the picture that no label has are memory as it is found, which may be no number.
        with np.errstate(invalid="ignore"):
            self._writer.add_embedding(
                _plain(mat), _plain(metadata), _plain(label_img), _number(global_step), tag, metadata_header
            )

    def add_pr_curve(self, tag, labels, predictions, global_step=None, num_thresholds=127, weights=None, walltime=None):
        """Precision over recall, of labels 0 or 1 and predictions from 0 to 1."""
        self._writer.add_pr_curve(
            tag, _plain(labels), _plain(predictions), _number(global_step), num_thresholds, _plain(weights), walltime
        )

    def add_mesh(self, tag, vertices, colors=None, faces=None, config_dict=None, global_step=None, walltime=None):
        """A body in space, or a cloud of points."""
        self._writer.add_mesh(
            tag, _plain(vertices), _plain(colors), _plain(faces), config_dict, _number(global_step), walltime
        )

    def add_custom_scalars(self, layout) -> None:
        """How curves are put together: `{category: {title: [kind, tags]}}`."""
        self._writer.add_custom_scalars(layout)

    def add_audio(self, tag, snd_tensor, global_step=None, sample_rate=44100, walltime=None):
        """Sound of one channel, numbers from -1 to 1."""
        from tensorboardX.proto.summary_pb2 import Summary

        samples = np.clip(_plain(snd_tensor).reshape(-1), -1, 1)
        file = io.BytesIO()
        with wave.open(file, "wb") as made:
            made.setnchannels(1)
            made.setsampwidth(2)
            made.setframerate(sample_rate)
            made.writeframes((samples * 32767).astype("<i2").tobytes())
        sound = Summary.Audio(
            sample_rate=sample_rate,
            num_channels=1,
            length_frames=len(samples),
            encoded_audio_string=file.getvalue(),
            content_type="audio/wav",
        )
        summary = Summary(value=[Summary.Value(tag=tag, audio=sound)])
        self.file_writer.add_summary(summary, _number(global_step), walltime)

    def add_graph(self, model, input_to_model=None, verbose=False, use_strict_trace=True):
        """The layers of a module and what lies between them, as `torch.utils.draw` finds them; one call of it in evaluation mode."""
        from tensorboardX.proto.event_pb2 import Event

        from jtorch.utils.tensorboard._pytorch_graph import graph

        made, _ = graph(model, input_to_model, verbose, use_strict_trace)
        self.file_writer.add_event(Event(graph_def=made.SerializeToString()))


def _plain(value):
    """Arrays for tensors, in lists and dicts too."""
    if isinstance(value, jtorch.Tensor):
        value = value.detach()
        return value.to(jtorch.float32 if value.dtype is jtorch.bfloat16 else value.dtype).cpu().numpy()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return {key: _plain(item) for key, item in value.items()} if type(value) is dict else value


def _number(value):
    return value.item() if isinstance(value, jtorch.Tensor) else value
