"""Connects to Ray and lets it go, quietly, and within seconds if there is no answer."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any, Final

from engine.compute.machine import cpus_count
from engine.compute.watch import WithoutRay
from engine.errors import ClusterError, HeadLostError
from engine.spec.jobs import Ray

_CONNECT_S: Final = 5.0
"""Seconds in which an address must accept a connection."""

_PROBE_S: Final = 30.0
"""Seconds in which a cluster must let a client in. Ray itself would try for minutes, and
then end the process without an exception: a process of its own tries first."""

_PROBE: Final = """
import sys, ray
ray.init(address=sys.argv[1], logging_level="ERROR", log_to_driver=False)
"""
_TOKEN_NAMES: Final = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_TOKEN_REFUSALS: Final = ("InvalidAuthToken", "Unauthenticated", "AuthenticationError")


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
        try:
            _start(spec, address)
            with nullcontext() if is_local else redirect_stdout(WithoutRay(sys.stdout)):
                yield is_local
        except HeadLostError:
            raise  # without a word to Ray
        except BaseException:
            ray.shutdown()
            raise
        ray.shutdown()


def _start(spec: Ray, address: str) -> None:
    import ray

    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if address == "local":
        options |= {"num_cpus": spec.workers_count or cpus_count(), "include_dashboard": False}
    elif spec.runtime_env is not None:
        options["runtime_env"] = _with_package(spec.runtime_env)
    try:
        ray.init(address=address, **options)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - Ray raises and exits with many kinds
        raise _unreachable(address, str(error)) from None


def _with_package(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return an environment of workers to which Ray sends this package."""
    modules = [*environment.get("py_modules", ()), str(Path(__file__).parents[1])]
    return {**environment, "py_modules": modules}


def _settings(is_local: bool) -> dict[str, str]:
    """Return what Ray reads from the environment; what the user has set goes first.

    A new local cluster asks for a token: it gets one of its own. An
    existing cluster is told the user's token if there is one. Tasks killed for want of
    memory are retried a few times, where Ray's own default is for ever.
    """
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_task_oom_retries": "3"}
    has_token = (
        any(name in os.environ for name in _TOKEN_NAMES)
        or (Path.home() / ".ray" / "auth_token").exists()
    )
    if is_local and not has_token:
        settings["RAY_AUTH_TOKEN"] = _own_token()
    settings["RAY_AUTH_MODE"] = "token" if is_local or has_token else "disabled"
    return {name: value for name, value in settings.items() if name not in os.environ}


@cache
def _own_token() -> str:
    """Return this process's token: Ray reads a token once, so another would be refused."""
    return secrets.token_hex(32)


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, and take them back."""
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in settings:
            os.environ.pop(name, None)


def _check_port(address: str) -> None:
    """Refuse at once an address where nothing listens."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon:
        return  # "auto": Ray knows the port
    try:
        number = int(port)
        with socket.create_connection((host.strip("[]"), number), timeout=_CONNECT_S):
            return
    except ValueError:
        raise _unreachable(address, f"{port!r} is no port") from None
    except (OSError, OverflowError) as error:
        raise _unreachable(address, str(error)) from None


def _probe(address: str) -> None:
    """Connect from another process, which may hang or die in place of this one."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, address],
            capture_output=True,
            timeout=_PROBE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        text = (error.stderr or b"").decode(errors="replace")
        raise _unreachable(address, text, f"no answer of Ray within {_PROBE_S:.0f} s") from None
    if done.returncode:
        raise _unreachable(address, done.stderr.decode(errors="replace"))


def _unreachable(address: str, said: str, short: str = "") -> ClusterError:
    """Put into one message what went wrong and what to do about it."""
    if any(word in said for word in _TOKEN_REFUSALS):
        return ClusterError(
            f"ray.address: the cluster at {address} refuses this client's token\n"
            "  allowed: RAY_AUTH_MODE=token with the cluster's token, or disabled if it has none\n"
            "  remedy:  export RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (or RAY_AUTH_TOKEN_PATH)"
        )
    lines = said.strip().splitlines()
    reason = short or (lines[-1].strip() if lines else "no reason given")
    if address == "local":
        return ClusterError(
            f"ray: a local Ray cannot be started: {reason}\n"
            "  allowed: a machine with free memory and a writable folder for temporary files\n"
            "  remedy:  ray.backend=process stays in this process"
        )
    return ClusterError(
        f"ray.address: no Ray cluster can be reached at {address}: {reason}\n"
        "  allowed: auto, HOST:6379 of a running head, ray://HOST:10001, or null for this machine\n"
        "  remedy:  check with `ray status --address HOST:6379`, or leave ray.address=null"
    )
