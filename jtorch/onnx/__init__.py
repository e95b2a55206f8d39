"""torch.onnx: modules as ONNX files, by jax2onnx (the extra `onnx`)."""

from jtorch.onnx.exporting import OnnxExporterError, export, is_in_onnx_export
