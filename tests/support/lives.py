"""Runs in processes of their own, which are killed at a step."""

import subprocess
import sys

# A life of a run: data or "-" to resume, the run folder, when to die (a step of the run, seconds after it; after the last step,
# when training is over), and settings.
LIFE = """
import os, signal, sys
import keras, multicnn
from multicnn.utils.reporter import Reporter

data, folder, step, seconds, *settings = sys.argv[1:]

class Death(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.before = epoch * self.params["steps"]

    def on_train_batch_begin(self, batch, logs=None):
        passed = self.before + batch - int(step)
        if int(step) < 0:
            return
        if float(seconds) == 0 and passed > 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if passed >= 0 and signal.getitimer(signal.ITIMER_REAL)[0] == 0:  # a life may begin after the step it is to die at
            signal.setitimer(signal.ITIMER_REAL, float(seconds))  # nobody handles SIGALRM: it kills

    def on_train_end(self, logs=None):
        if int(step) == self.params["epochs"] * self.params["steps"]:
            os.kill(os.getpid(), signal.SIGKILL)

class Dying(Reporter):
    def callbacks(self):
        return [Death()]

if data == "-":
    multicnn.train(resume=folder, reporter=Dying())
else:
    multicnn.train(data, folder, settings=settings, reporter=Dying())
"""


def live(data, folder, step=-1, seconds=0.0, settings=()):
    """Starts a life of a run in a process of its own; its exit status."""
    command = [sys.executable, "-c", LIFE, data, folder, step, seconds, *settings]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode <= 0, done.stderr
    return done.returncode
