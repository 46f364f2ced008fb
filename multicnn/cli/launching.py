"""`--workers`: start further processes on this machine that train together with this one."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from multicnn.utils.quiet import screen

_ADDRESSES, _COUNT, _ID = (f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID"))
_FEW = 8  # processes that any machine may start


@contextmanager
def workers(count: int | None) -> Iterator[None]:
    """Make this process the first of `count` workers; the others run the same command and end with it, however it ends.

    Raises:
        ValueError: `count` is less than 1, or more than this machine can run at the same time.
    """
    if count is None or _ID in os.environ:  # this is one of the others
        yield
        return
    most = max(os.cpu_count() or 1, _FEW)
    if not 1 <= count <= most:
        raise ValueError(f"`workers` must be a number from 1 to {most} on this machine. Received: workers={count}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        shared = {_ADDRESSES: f"127.0.0.1:{free.getsockname()[1]}", _COUNT: str(count), "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-m", "multicnn.cli", *sys.argv[1:]]
    others: list[subprocess.Popen] = []
    try:
        for i in range(1, count):
            environment = os.environ | shared | _of_worker(i)
            others.append(_started(command, environment))
        os.environ |= shared | _of_worker(0)
        yield  # at the end all wait for each other
    except BaseException as error:  # Ctrl-C too: this process has written all results
        for other in others:
            other.kill()
        atexit.register(_leave, _exit_code(error))
        raise


def _started(command: list[str], environment: dict[str, str]) -> subprocess.Popen:
    # In a session of its own, so that Ctrl-C does not reach it: this process ends it.
    return subprocess.Popen(command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stderr=screen())


def _exit_code(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 2
    return 130 if isinstance(error, KeyboardInterrupt) else 2


def _leave(code: int) -> None:
    """End this process at once: JAX would wait for the killed ones for minutes."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _of_worker(i: int) -> dict[str, str]:
    """Return the environment of a worker: each takes its own GPU, unless the user has set the visible ones."""
    return {_ID: str(i), "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", str(i))}
