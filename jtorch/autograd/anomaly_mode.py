"""torch.autograd.anomaly_mode: anomaly detection, under the name of its module in torch."""

from .anomaly import detect_anomaly, set_detect_anomaly

__all__ = ["detect_anomaly", "set_detect_anomaly"]
