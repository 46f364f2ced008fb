"""The history as event files, which TensorBoard shows. TensorFlow alone writes them; the tensorboard package only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf


class EventLog(keras.callbacks.Callback):
    """Writes each number of an epoch's row as a scalar. Epochs that are repeated after a resume are written again, the same.

    Args:
        folder: For `tensorboard --logdir`.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(folder))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes what was measured, as of so many whole epochs."""
        with self._writer.as_default():
            for name, value in (logs or {}).items():
                tf.summary.write(name, tf.constant(value, tf.float32), epoch + 1, _scalar())
        self._writer.flush()


def _scalar() -> Any:
    """What tells TensorBoard that a value is one number; `tf.summary.scalar` needs its package for no more than this."""
    metadata = tf.compat.v1.SummaryMetadata(data_class="DATA_CLASS_SCALAR")
    metadata.plugin_data.plugin_name = "scalars"
    return metadata
