"""What a phone loads: a TFLite model file and its detector, on NumPy and a TFLite runtime alone."""

from despoof_keras.tflite.detector import LivenessDetector, load_tflite

__all__ = ["LivenessDetector", "load_tflite"]
