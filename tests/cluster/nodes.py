"""Nodes of a real Ray on this machine, each of which ends with all that it has started.

A node is `ray start --block` in a process group of its own, with ports of its own and a temporary
folder of its own, so that neither another Ray of this machine nor its file of addresses is met.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
_START_S: Final = 150.0
"""Seconds in which a node must be up; this machine may be busy with others' work."""

_STARTS: Final = 5
"""How often a node is started: Ray gives it half a minute, and its agents a quarter of one."""

_PORTS: Final = (
    "node-manager-port",
    "object-manager-port",
    "dashboard-agent-listen-port",
    "dashboard-agent-grpc-port",
    "runtime-env-agent-port",
    "metrics-export-port",
)
started: "list[subprocess.Popen[str]]" = []
"""Commands of the test that runs."""

_NOT_OURS: Final = ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")

_START: Final = """
import sys, ray
from ray._private import utils
from ray.scripts.scripts import main
if sys.argv[1]:
    ray.__version__ = sys.argv[1]
if "--include-dashboard=true" not in sys.argv:
    utils.get_dashboard_dependency_error = lambda: ImportError("as if Ray were installed alone")
sys.argv[0:2] = ["ray"]
main()
"""
"""`ray start`, that may say of itself to be of another version.

A node without a dashboard starts the short agents of a Ray without the extra for it: Ray gives the
long ones no more than fifteen seconds, which they need on a busy machine for their imports alone.
"""


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Node:
    """One node; `end` ends it as its owner would, `kill` as a power cut does."""

    def __init__(self, words: list[str], env: Mapping[str, str], version: str = "") -> None:
        self._said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, version, "start", "--block", *words],
            env=env,
            cwd=env["RAY_TMPDIR"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._up = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            if not self._up.wait(_START_S) or self._process.poll() is not None:
                raise RuntimeError("no node:\n" + "".join(self._said))
        except BaseException:
            self.kill()
            raise

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.append(line)
            if "--block" in line:
                self._up.set()
        self._up.set()

    def processes(self) -> list[int]:
        """Return all that the node has started and that is alive, by its session."""
        own = str(self._process.pid)
        folders = (folder.name for folder in Path("/proc").iterdir() if folder.name.isdecimal())
        return [int(name) for name in folders if _stat(int(name))[3:4] == [own]]

    def end(self) -> None:
        """End it with SIGTERM, and what is left of it by force."""
        own = self.processes()
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        _kill(own)

    def kill(self) -> None:
        """End all of its processes at once, without a word."""
        _kill(self.processes())
        self._process.wait(30)

    def kill_part(self, name: str) -> None:
        """End one of its processes at once: raylet, gcs_server."""
        found = self.named(name)
        assert found, name
        _kill(found)

    def named(self, name: str) -> list[int]:
        """Return its processes of a name, of which Linux keeps fifteen letters."""
        return [number for number in self.processes() if _name_of(number) == name[:15]]


class Cluster:
    """A head and nodes; `env` is what a command on it needs to know."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
        self.env = {
            **kept,
            "RAY_TMPDIR": str(folder),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_agent_register_timeout_ms": "150000",  # this machine may be busy
            "PYTHONPATH": str(ROOT),
            **env,
        }
        self.address = f"127.0.0.1:{free_port()}"
        self.dashboard = f"http://127.0.0.1:{free_port()}"
        self.nodes: list[Node] = []

    def add_head(self, cpus: int, version: str = "", **options: Any) -> Node:
        """Start the head; it may say of itself to be of another version of Ray."""
        own = {"port": self.address, "dashboard-port": self.dashboard}
        ports = {name: value.rpartition(":")[2] for name, value in own.items()}
        words = [f"--{name}={port}" for name, port in ports.items()]
        words += [f"--ray-client-server-port={free_port()}", "--dashboard-host=127.0.0.1"]
        asked = {"include_dashboard": "false", **options}
        return self._add(["--head", *words], cpus, version, asked)

    def add(self, cpus: int, **options: Any) -> Node:
        """Start another node; options as `ray start` takes them, with underscores."""
        return self._add([f"--address={self.address}"], cpus, "", options)

    def _add(self, words: list[str], cpus: int, version: str, options: dict[str, Any]) -> Node:
        asked = {"object_store_memory": 100_000_000, **options}
        words = [*words, f"--num-cpus={cpus}", "--min-worker-port=0", "--max-worker-port=0"]
        words += [f"--{name}={free_port()}" for name in _PORTS]
        words += [f"--{name.replace('_', '-')}={value}" for name, value in asked.items()]
        for left in reversed(range(_STARTS)):
            try:
                self.nodes.append(Node(words, self.env, version))
                break
            except RuntimeError:
                if not left:
                    raise
        return self.nodes[-1]

    def words(self) -> list[str]:
        """Return what a command is told to run on it."""
        return ["ray=cluster", f"ray.address={self.address}"]

    def end(self) -> None:
        """End all nodes, the head at last."""
        for node in reversed(self.nodes):
            node.end()


@contextmanager
def cluster(
    head_cpus: int = 1,
    env: Mapping[str, str] | None = None,
    version: str = "",
    **options: Any,
) -> Iterator[Cluster]:
    """Start a head, and end it with all nodes that were added.

    Parameters
    ----------
    env : beside that of this process.
    version : of Ray, that it says to be of.
    options : of `ray start`.
    """
    with passing_folder() as folder:
        own = env or {"RAY_AUTH_MODE": "disabled"}
        found = Cluster(folder, own)
        try:
            found.add_head(head_cpus, version, **options)
            yield found
        finally:
            found.end()


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Make a folder whose name is short enough for Ray's sockets, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pq", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_command(
    name: str, words: list[str], env: Mapping[str, str], place: Path
) -> "subprocess.Popen[str]":
    """Start a command as a user types it, in a folder; `conftest` ends what a test leaves."""
    command = subprocess.Popen(
        [sys.executable, "-m", f"experiments.{name}", *words],
        cwd=place,
        env={**env, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(command)
    return command


def end_commands() -> None:
    """End the commands that a test has left, with all that they have started."""
    while started:
        command = started.pop()
        if command.poll() is None:
            _kill([*descendants(command.pid), command.pid])
            command.communicate()


def run_command(
    name: str, words: list[str], env: Mapping[str, str], place: Path, seconds: float = 500.0
) -> tuple[int, str, str]:
    """Run a command to its end; return its status and what it printed."""
    command = start_command(name, words, env, place)
    try:
        out, err = command.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        command.kill()
        out, err = command.communicate()
        raise AssertionError(f"no end within {seconds} s\n{out}\n{err}") from None
    return command.returncode, out, err


def descendants(parent: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    below = [number for number, above in _parents() if above == parent]
    return below + [number for one in below for number in descendants(one)]


def is_gone(numbers: list[int], seconds: float = 30.0) -> bool:
    """Wait until none of these processes is alive; tell whether that came."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(_is_alive(number) for number in numbers):
            return True
        time.sleep(0.2)
    return False


def _kill(numbers: list[int]) -> None:
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            fields = _stat(int(folder.name))
            if fields:
                yield int(folder.name), int(fields[1])


def _stat(number: int) -> list[str]:
    """Return state, parent, group, session and so on; nothing of a process that is gone."""
    try:
        text = (Path("/proc") / str(number) / "stat").read_text(encoding="utf-8")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _is_alive(number: int) -> bool:
    fields = _stat(number)
    return bool(fields) and fields[0] != "Z"


def _name_of(number: int) -> str:
    try:
        return (Path("/proc") / str(number) / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
