"""Reporters that remember what a run reports, and that interrupt it."""

import logging

import keras

from multicnn.utils.reporter import Reporter


class Recorder(Reporter):
    """Remembers the `lines` that it gets; stops the program, as Ctrl-C does, when the run with the number `interrupts` starts."""

    def __init__(self, interrupts=None):
        self.lines, self.runs, self.interrupts = [], 0, interrupts

    def log(self, line, level=logging.INFO):
        """Remember a line."""
        self.lines.append(line)

    def callbacks(self):
        self.runs += 1
        return [_CtrlC()] if self.runs == self.interrupts else []


class _CtrlC(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        raise KeyboardInterrupt
