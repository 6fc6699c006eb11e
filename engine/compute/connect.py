"""Connects to Ray and lets it go, quietly, and within seconds if there is no answer.

A Ray on this machine leaves its logs and sockets in a folder that is made for one command, and
removed with it, or by the next command: see `passing`.
"""

import io
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    redirect_stdout,
)
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from engine.compute.machine import available_bytes, cpus_count
from engine.compute.messages import (
    NO_LOCAL_RAY,
    NO_TOKEN,
    OTHER_VERSION,
    UNREACHABLE,
    WRONG_TOKEN,
)
from engine.compute.passing import session_folder, sweep_left_folders
from engine.compute.watch import WithoutRay, print_note
from engine.errors import ClusterError, HeadLostError
from engine.spec.jobs import Ray

_CONNECT_S: Final = 5.0
"""Seconds in which an address must accept a connection."""

_PROBE_S: Final = 45.0
"""Seconds in which a cluster must let a client in. Ray itself would try for minutes, and
then end the process without an exception: a process of its own tries first."""

_PROBE: Final = """
import sys, ray
print("imported", flush=True)
ray.init(address=sys.argv[1], logging_level="ERROR", log_to_driver=False)
"""
_MODE_NAME: Final = "RAY_AUTH_MODE"
_TOKEN_NAMES: Final = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_TOKEN_REFUSALS: Final = ("InvalidAuthToken", "Unauthenticated", "AuthenticationError")
_NO_TOKEN: Final = "no authentication token was found"
_LATE: Final = "timed out during startup"
_STARTS: Final = 3
"""How often a local Ray is started where the machine is too busy for the half minute of Ray's."""

_VERSIONS: Final = re.compile(r"Ray: (\S+)\s+Python: (\S+)")
"""Of the cluster, and of this process, where Ray says that they differ."""

_FREE_SHARE: Final = 0.9
"""Of the memory that is free here, what runs on a local Ray may have: Ray takes some, too."""


@contextmanager
def connected(spec: Ray) -> Iterator[bool]:
    """Connect to the cluster at `ray.address`, or start a local one; yield if it is local.

    A Ray that is already connected in this process is used and left as it is.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached, or a local one cannot start.
    """
    address = spec.address or os.environ.get("RAY_ADDRESS") or "local"
    is_local = address == "local"
    with _environment(_settings(is_local)):
        import ray

        if ray.is_initialized():
            yield False
            return
        if not is_local:
            _check_port(address)
            _probe(address)
        with _folder(is_local) as folder:
            try:
                _start(spec, address, folder)
                with redirect_stdout(WithoutRay(sys.stdout)):
                    yield is_local
            except HeadLostError:
                raise  # without a word to Ray
            except BaseException:
                _shut_down()
                raise
            _shut_down()


def _shut_down() -> None:
    """Disconnect; what Ray has gathered of its logs it would write now, in this thread."""
    import ray

    with redirect_stdout(io.StringIO()):
        ray.shutdown()


def _folder(is_local: bool) -> AbstractContextManager[Path | None]:
    """Return the folder of a local Ray; remove what commands that were killed have left."""
    if not is_local:
        return nullcontext()
    if count := sweep_left_folders():
        print_note(
            f"removed what {count} killed command(s) had left in the folder of temporary files"
        )
    return session_folder()


def _start(spec: Ray, address: str, folder: Path | None) -> None:
    import ray

    options: dict[str, Any] = {"logging_level": "CRITICAL", "log_to_driver": False}
    if address == "local":
        options |= {"num_cpus": spec.workers_count or cpus_count(), "include_dashboard": False}
        options |= {"_temp_dir": str(folder)}
        if (free := available_bytes()) is not None:
            options["_memory"] = int(_FREE_SHARE * free)
    elif spec.runtime_env is not None:
        options["runtime_env"] = _with_package(spec.runtime_env)
    for left in reversed(range(_STARTS if address == "local" else 1)):
        try:
            ray.init(address=address, **options)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - Ray raises and exits with many kinds
            if not (left and _LATE in str(error)):
                raise _unreachable(address, str(error)) from None
            ray.shutdown()
        else:
            return


def _with_package(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return an environment of workers to which Ray sends this package."""
    modules = [*environment.get("py_modules", ()), str(Path(__file__).parents[1])]
    return {**environment, "py_modules": modules}


def _settings(is_local: bool) -> dict[str, str]:
    """Return what Ray reads from the environment; what the user has set goes first.

    A new local cluster asks for a token, Ray's own default, and gets one of its own; to ask for it
    by RAY_AUTH_MODE would be in vain where Ray was imported before. An existing cluster is told the
    user's token if there is one. A local Ray has neither a dashboard nor a port for metrics, which
    would listen without a token (its monitor's has no setting of its own: it is given a port that
    there is not), and its time to start where the machine is busy.
    """
    settings = {"RAY_USAGE_STATS_ENABLED": "0"}
    if is_local:
        settings |= {
            "RAY_enable_metrics_collection": "0",
            "AUTOSCALER_METRIC_PORT": "65536",
            "RAY_agent_register_timeout_ms": "120000",
        }
    has_token = (
        any(name in os.environ for name in _TOKEN_NAMES)
        or (Path.home() / ".ray" / "auth_token").exists()
    )
    if is_local and not has_token:
        settings["RAY_AUTH_TOKEN"] = _own_token()
    if not is_local:
        settings[_MODE_NAME] = "token" if has_token else "disabled"
    return {name: value for name, value in settings.items() if name not in os.environ}


@cache
def _own_token() -> str:
    """Return this process's token: Ray reads a token once, so another would be refused."""
    return secrets.token_hex(32)


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, and take them back: with them the mode that Ray sets itself."""
    added = {*settings, _MODE_NAME} - os.environ.keys()
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _check_port(address: str) -> None:
    """Refuse at once an address where nothing listens."""
    found = _of_auto() if address == "auto" else address
    host, colon, port = found.removeprefix("ray://").rpartition(":")
    if not colon:
        return  # Ray finds the port
    named = "" if found == address else f"{found}, which Ray has noted: "
    try:
        number = int(port)
        with socket.create_connection((host.strip("[]"), number), timeout=_CONNECT_S):
            return
    except ValueError:
        raise _unreachable(address, f"{named}{port!r} is no port") from None
    except (OSError, OverflowError) as error:
        raise _unreachable(address, f"{named}{error}") from None


def _of_auto() -> str:
    """Return the address that Ray would take, which may be of a head that is gone; or nothing."""
    from ray._private.utils import read_ray_address

    return os.environ.get("RAY_ADDRESS") or read_ray_address() or ""


def _probe(address: str) -> None:
    """Connect from another process, which may hang or die in place of this one."""
    with TemporaryFile() as said:
        probe = subprocess.Popen(
            [sys.executable, "-c", _PROBE, address], stdout=subprocess.PIPE, stderr=said
        )
        assert probe.stdout is not None
        short = ""
        try:
            probe.stdout.readline()  # the time of an import on a busy machine does not count
            probe.communicate(timeout=_PROBE_S)
        except subprocess.TimeoutExpired:
            short = f"no answer of Ray within {_PROBE_S:.0f} s"
        finally:
            probe.kill()
            probe.wait()
            probe.stdout.close()
        if short or probe.returncode:
            said.seek(0)
            raise _unreachable(address, said.read().decode(errors="replace"), short)


def _unreachable(address: str, said: str, short: str = "") -> ClusterError:
    """Put into one message what went wrong and what to do about it."""
    if _NO_TOKEN in said:
        return NO_TOKEN.error(address=address)
    if any(word in said for word in _TOKEN_REFUSALS):
        return WRONG_TOKEN.error(address=address)
    if "Version mismatch" in said and len(found := _VERSIONS.findall(said)) > 1:
        theirs, ours = (f"Ray {ray} on Python {python}" for ray, python in found[:2])
        return OTHER_VERSION.error(address=address, theirs=theirs, ours=ours)
    lines = said.strip().splitlines()
    reason = short or (lines[-1].strip() if lines else "no reason given")
    if address == "local":
        return NO_LOCAL_RAY.error(reason=reason)
    return UNREACHABLE.error(address=address, reason=reason)
