"""Starting worker processes.

They are forked by a server process of their own, which has imported jtorch and started no JAX backend: forking a
process in which XLA runs can deadlock, and a fresh interpreter would import jax for every worker. The server is
`multiprocessing`'s fork server; what differs is that workers never import the script again (what they need of it comes
by value), that the server and its workers see only the CPU, and that Ctrl-C does not reach them.
"""

import contextlib
import io
import multiprocessing
import multiprocessing.context
import os
import signal
import sys
import sysconfig
import threading
from multiprocessing import forkserver, process, reduction, resource_tracker, spawn
from multiprocessing.popen_forkserver import Popen

import jtorch
from jtorch.utils.data._utils import worker_process

__all__ = ["WorkerProcess", "start_server"]

# One thread per process: the workers themselves are the parallelism.
_CPU_ONLY = {"JAX_PLATFORMS": "cpu", "NPROC": "1"}
_SERVER_ENVIRONMENT = {**_CPU_ONLY, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

# Imported by the server if the script has imported them by then, which spares every worker the time.
_COMMON_MODULES = ["jtorch.vision", "PIL.Image", "pandas", "cv2"]


def worker_environment():
    """The environment of a worker: the present one of this process, without accelerators."""
    return {**os.environ, **_CPU_ONLY}


class _WorkerServer(forkserver.ForkServer):
    def __init__(self):
        super().__init__()
        self._starting = threading.Lock()

    def ensure_running(self):
        # It would be started below and unblock the signal.
        resource_tracker.ensure_running()
        # The server inherits the environment and the signal mask of the moment in which it is started.
        with self._starting, _environment({**_SERVER_ENVIRONMENT, **_path_to_jtorch()}), _interrupts_blocked():
            super().ensure_running()


def _path_to_jtorch():
    """What lets the server find jtorch where only a change to `sys.path` did."""
    folder = os.path.dirname(jtorch.__path__[0])
    if folder in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        return {}
    path = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": folder + os.pathsep + path if path else folder}


@contextlib.contextmanager
def _environment(changes):
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _interrupts_blocked():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_server = _WorkerServer()


def start_server():
    """Have the server started, without waiting until it is ready."""
    if _server._forkserver_pid is None:
        loaded = [name for name in _COMMON_MODULES if name in sys.modules]
        _server.set_forkserver_preload([worker_process.__name__, *loaded])
    _server.ensure_running()


class _Popen(Popen):
    """Asks the worker server, and not the one that the script may use, for a process."""

    def _launch(self, process_obj):
        start_server()
        preparation = spawn.get_preparation_data(process_obj.name)
        for main_module in ("init_main_from_name", "init_main_from_path"):
            preparation.pop(main_module, None)
        pickles = io.BytesIO()
        multiprocessing.context.set_spawning_popen(self)
        try:
            reduction.dump(preparation, pickles)
            reduction.dump(process_obj, pickles)
        finally:
            multiprocessing.context.set_spawning_popen(None)
        # The child's exit code will come through `sentinel`; `data` carries the pickles, and its end tells the child
        # that this process is gone.
        self.sentinel, data = _server.connect_to_new_process(process_obj.descriptors)
        self.finalizer = multiprocessing.util.Finalize(
            self, multiprocessing.util.close_fds, (os.dup(data), self.sentinel)
        )
        with open(data, "wb") as pipe:
            pipe.write(pickles.getbuffer())
        self.pid = forkserver.read_signed(self.sentinel)


class WorkerProcess(process.BaseProcess):
    """A data worker as `multiprocessing` sees it: daemonic, so it ends with the main process."""

    _start_method = "forkserver"

    def __init__(self, settings, descriptors):
        super().__init__(name=f"DataLoaderWorker-{settings.worker_id}", daemon=True)
        self.settings = settings
        self.descriptors = descriptors

    @staticmethod
    def _Popen(process_obj):
        return _Popen(process_obj)

    def run(self):
        worker_process.run(self.settings, forkserver.get_inherited_fds())


def standard_streams():
    """Those of the descriptors 1 and 2 that are open."""
    found = []
    for fd in (1, 2):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            found.append(fd)
    return tuple(found)
