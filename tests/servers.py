"""Servers on loopback that tests start for themselves: PostgreSQL, and stores like S3 and GCS."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

PASSWORD = "pass/w0rd!x"
"""Of the user of PostgreSQL; as an address has it: `QUOTED`."""

QUOTED = "pass%2Fw0rd%21x"
_NEEDED = ("initdb", "postgres")


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start PostgreSQL with its data in a folder; yield an address with a password.

    Skips the test where it, or its driver, is not installed.
    """
    programs = {name: _program(name) for name in _NEEDED}
    missing = [name for name, path in programs.items() if path is None]
    if missing:
        pytest.skip(f"no PostgreSQL: {', '.join(missing)} not found (apt-get install postgresql)")
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed (extra postgres)")
    as_user = _as_no_root()
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD)
    words = ["-D", str(data), "-U", "mary", "-A", "scram-sha-256", "--pwfile", str(secret), "-N"]
    done = subprocess.run(
        [*as_user, str(programs["initdb"]), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    port = free_port()
    options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-F"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*as_user, str(programs["postgres"]), "-D", str(data), "-p", str(port), *options],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for_port(port, server, folder / "log")
        yield f"postgresql://mary:{QUOTED}@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # at once: clients may still be there
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def _program(name: str) -> Path | None:
    """Find a program of PostgreSQL, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if found:
        return found[-1]
    path = shutil.which(name)
    return None if path is None else Path(path)


def _as_no_root() -> list[str]:
    """Return what PostgreSQL is started by where it would refuse: it does not run as root."""
    if os.geteuid():
        return []
    words = ["unshare", "--user", "--map-user=1000"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], check=False).returncode:
        pytest.skip("PostgreSQL does not run as root, and there are no user namespaces")
    return words


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for_port(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server takes connections, after it has started up."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        if "ready to accept connections" in log.read_text():
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextmanager
def s3_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve S3 in this process; yield the name of a bucket, with credentials in the environment."""
    if find_spec("moto") is None:
        pytest.skip("moto is not installed (extra test)")
    import boto3
    from moto.server import ThreadedMotoServer

    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    known = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    try:
        reset = f"http://127.0.0.1:{port}/moto-api/reset"  # servers of one process share all
        urlopen(Request(reset, method="POST"), timeout=60).close()
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield "bucket"
    finally:
        server.stop()


@contextmanager
def gs_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve what Google's store does in this process; yield a bucket as an address names it."""
    if find_spec("gcp_storage_emulator") is None:
        pytest.skip("gcp-storage-emulator is not installed (extra test)")
    from gcp_storage_emulator.server import create_server

    port = free_port()
    logging.getLogger("gcp_storage_emulator").setLevel(logging.ERROR)
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="bucket")
    server.start()
    monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", f"http://127.0.0.1:{port}")
    try:
        yield "anonymous@bucket"
    finally:
        server.stop()
