"""The Ray cluster of a run: one that is there already, or one of this machine that lives as long as the run."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from scenecap.errors import MissingExtraError, ScenecapError, UsageError
from scenecap.run.batch.settings import RaySettings

_LOG = logging.getLogger(__name__)

#: Object store of a cluster that a run starts [bytes]: messages are small, and pixels never leave a worker.
_OBJECT_STORE = 128 << 20
#: Longest name of a temporary folder in which Ray's sockets still get names that the system allows.
_LONGEST_FOLDER = 30
#: Longest wait for a head node to take a connection [s].
_KNOCK_SECONDS = 10.0
#: 128 + the number of SIGTERM.
_TERMINATED = 143


def import_ray() -> ModuleType:
    """Return Ray.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", extra="ray", purpose="executor: ray") from error
    return ray


class RayCluster:
    """A connection to a cluster. Where this process is connected already, that connection is used and left as it is.

    Args:
        settings: Which cluster.
        workers: How many workers are wanted; 0 for as many as it has CPUs for.
        cores: Cores of this machine, for a cluster that is started here.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: There is no such cluster, or it does not fit.
        ScenecapError: It cannot be started.
    """

    def __init__(self, settings: RaySettings, *, workers: int, cores: int) -> None:
        if (settings.address or "").startswith("ray://"):
            raise UsageError(
                f"ray.address: {settings.address}: a run is no client of Ray: it is started on a node of the cluster.",
                remedy="Start it there (ray job submit does) with address: auto.",
            )
        self.ray = import_ray()
        self._settings = settings
        self._folder: Path | None = None
        self._printed: Any = None
        self._ours = not self.ray.is_initialized()
        if self._ours:
            cpus = max(1, math.ceil((workers or cores) * settings.cpus_per_worker))
            try:
                self._connect(cpus)
            except BaseException:
                self.close()
                raise

    @property
    def local(self) -> bool:
        """Whether it was started for this run."""
        return self._folder is not None

    def capacity(self) -> int:
        """Return how many workers it has CPUs for, at least one."""
        return max(1, int(self.total_cpus() // self._settings.cpus_per_worker))

    def total_cpus(self) -> float:
        """Return the CPUs of all its nodes."""
        return float(self.ray.cluster_resources().get("CPU", 0.0))

    def free_cpus(self) -> float:
        """Return the CPUs that nobody has."""
        return float(self.ray.available_resources().get("CPU", 0.0))

    def close(self) -> None:
        """End the connection, and the cluster where it was started for this run."""
        if self._ours:
            self._ours = False
            with _quiet(), contextlib.suppress(Exception):
                self.ray.shutdown()
            _silence_events(self._printed)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _connect(self, cpus: int) -> None:
        address = self._settings.address
        if address is not None:
            _check_that_somebody_listens(address)
        options: dict[str, Any] = {"address": address or "local", "log_to_driver": False, "logging_level": logging.ERROR}
        if address is None:
            self._folder = _new_folder()
            options |= {
                "num_cpus": cpus,
                "include_dashboard": False,
                "object_store_memory": _OBJECT_STORE,
                "_temp_dir": str(self._folder),
                "_system_config": {"worker_niceness": 0},  # as the pool's; Ray's own 15 is for nodes that are shared
            }
        stats = {} if address else {"RAY_USAGE_STATS_ENABLED": "0"}
        try:
            with _quiet(), _handlers_kept(), _environment(stats):
                self.ray.init(**options)
        except (ConnectionError, ValueError, AssertionError, TimeoutError) as error:
            if address is None:
                raise ScenecapError(_cannot_start(error), remedy=_START_REMEDY) from error
            raise _no_cluster(address, _line(error)) from error
        except Exception as error:  # Ray raises RuntimeError for other versions of Python and Ray, and much else
            if address is None:
                raise ScenecapError(_cannot_start(error), remedy=_START_REMEDY) from error
            raise UsageError(
                f"ray.address: {address}: cannot be joined: {_line(error)}",
                remedy="Nodes and driver need the same versions of Python, Ray and scenecap.",
            ) from error
        self._printed = _silence_events(_log_event)


def _check_that_somebody_listens(address: str) -> None:
    """Try an address for a moment: Ray would try it for minutes, with lines on the console."""
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or "auto"
        if address in ("auto", "local") or "://" in address:
            return
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdecimal():
        raise _no_cluster(address, "it is not host:port")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, str(getattr(error, "strerror", None) or error).lower()) from error


def _no_cluster(address: str, reason: str) -> UsageError:
    return UsageError(
        f"ray.address: {address}: no Ray cluster answers there ({reason}).",
        remedy="Give auto on one of its nodes, host:port of its head node (6379 is Ray's own), or no address for a cluster of "
        "this machine.",
    )


_START_REMEDY = "Use executor: processes, or give the address of a cluster."


def _cannot_start(error: Exception) -> str:
    return f"executor: ray: Ray cannot be started on this machine: {_line(error)}"


def _line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")


def _new_folder() -> Path:
    """Make a folder for the sessions of a cluster: its sockets lie in it, and a socket's name may have 107 letters."""
    base = tempfile.gettempdir()
    if len(base) > _LONGEST_FOLDER and os.name == "posix":
        base = "/tmp"
    return Path(tempfile.mkdtemp(prefix="scenecap-ray-", dir=base))


@contextlib.contextmanager
def _handlers_kept() -> Iterator[None]:
    """Keep this process's own handlers: Ray takes SIGTERM to end at once, and a run finishes its frames first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name)]
    before = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    try:
        yield
    except SystemExit:  # Ray's handler, while Ray was being started: nothing has been made yet
        raise SystemExit(_TERMINATED) from None
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Ray warns its own users of from the console."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _silence_events(printer: Any) -> Any:
    """Say who prints Ray's events ("a worker died ..."); returns who did.

    Ray prints them to stdout, which may be JSON, and there is no setting for that; what is lost the run tells itself. Should
    a release of Ray no longer have this function, the events are seen again, and nothing else changes.
    """
    module: Any = sys.modules.get("ray._private.worker")
    before = getattr(module, "print_to_stdstream", None)
    if before is not None and printer is not None:
        module.print_to_stdstream = printer
    return before


def _log_event(data: dict[str, Any], *arguments: object, **options: object) -> None:
    for line in data.get("lines", ()):
        _LOG.debug("ray: %s", line)
