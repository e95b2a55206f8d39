"""torch.backends.quantized: there are no quantized kernels here."""

engine = "none"
supported_engines = ["none"]
