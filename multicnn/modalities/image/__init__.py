"""Images: decoding, resizing, normalization and augmentation."""
