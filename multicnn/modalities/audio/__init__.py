"""Audio: decoding, resampling, spectrogram features and augmentation."""
