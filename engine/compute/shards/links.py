"""Sums over processes, by TCP connections in a tree.

Shard k is a child of shard (k - 1) // 16, so that up to 17 shards are a star around the first. A
sum goes up, each shard adding its children's numbers to its own, and the total comes down. Whole
numbers add in any order to the same bits.

With n shards a sum takes 2 ceil(log_16 n) messages one after another, and every shard sends and
receives the numbers once for its parent and once for each child.
"""

import hmac
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

CHILDREN: Final = 16
_CONNECT_S: Final = 60.0
"""Seconds in which all shards must have found each other."""

_HELLO_S: Final = 5.0
"""Seconds in which who connects must say who it is."""

_HEAD: Final = struct.Struct("<QQ")
"""Before every message: which sum it belongs to, and how many bytes follow."""

_HELLO: Final = struct.Struct("<32sQ")
_KEEPALIVE: Final = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A machine that is gone without a word is noticed after 25 seconds."""

Address = tuple[str, int]


class LinkLostError(ConnectionError):
    """Another shard is gone."""


class TreeLinks:
    """One shard's connections to its parent and its children.

    Parameters
    ----------
    number : of this shard.
    token : 32 bytes that all shards of one market know; who has others is turned away.
    host : address of this machine, where its children reach it.
    """

    def __init__(self, number: int, token: bytes, host: str = "127.0.0.1") -> None:
        self._number, self._token, self._sums = number, token, 0
        self._listener = socket.create_server((host, 0), backlog=2 * CHILDREN)
        self._parent: socket.socket | None = None
        self._children: list[socket.socket] = []
        self._incoming = np.zeros(0, np.int64)
        self.address: Address = (host, self._listener.getsockname()[1])

    def connect(self, addresses: Sequence[Address]) -> None:
        """Find the parent and wait for the children, given the addresses of all shards.

        Raises
        ------
        LinkLostError
            If somebody does not come within a minute.
        """
        first = CHILDREN * self._number + 1
        expected = range(first, max(first, min(first + CHILDREN, len(addresses))))
        try:
            if self._number > 0:
                parent = addresses[(self._number - 1) // CHILDREN]
                self._parent = _tuned(socket.create_connection(parent, timeout=_CONNECT_S))
                self._parent.sendall(_HELLO.pack(self._token, self._number))
            found: dict[int, socket.socket] = {}
            while len(found) < len(expected):
                child = self._accept(expected)
                found |= child
        except OSError as error:
            raise LinkLostError(f"shard {self._number} cannot reach the others: {error}") from None
        self._children = [found[number] for number in expected]

    def add_up(self, numbers: NDArray[np.int64]) -> None:
        """Replace `numbers` (int64, 1-D, contiguous) by their sum over all shards.

        Raises
        ------
        LinkLostError
            If a neighbour is gone, or is at another sum.
        """
        self._sums += 1
        if self._incoming.size < numbers.size:
            self._incoming = np.zeros(numbers.size, np.int64)
        incoming = self._incoming[: numbers.size]
        try:
            for child in self._children:
                self._receive(child, incoming)
                numbers += incoming
            if self._parent is not None:
                self._send(self._parent, numbers)
                self._receive(self._parent, numbers)
            for child in self._children:
                self._send(child, numbers)
        except OSError as error:
            self.close()  # whoever waits for this shard learns it too
            raise LinkLostError(f"shard {self._number} lost a neighbour: {error}") from None

    def close(self) -> None:
        """Let go of everybody."""
        for link in (self._listener, self._parent, *self._children):
            if link is not None:
                link.close()

    def _accept(self, expected: range) -> dict[int, socket.socket]:
        """Take in one who connects, by its number; nobody if it is a stranger."""
        self._listener.settimeout(_CONNECT_S)
        child = self._listener.accept()[0]
        child.settimeout(_HELLO_S)
        hello = bytearray(_HELLO.size)
        with suppress(OSError):  # who says nothing, or goes, is a stranger too
            _fill(child, memoryview(hello))
        token, number = _HELLO.unpack(hello)
        if hmac.compare_digest(token, self._token) and number in expected:
            return {number: _tuned(child)}
        child.close()
        return {}

    def _send(self, link: socket.socket, numbers: NDArray[np.int64]) -> None:
        link.sendall(_HEAD.pack(self._sums, numbers.nbytes))
        link.sendall(numbers.data.cast("B"))

    def _receive(self, link: socket.socket, numbers: NDArray[np.int64]) -> None:
        head = bytearray(_HEAD.size)
        _fill(link, memoryview(head))
        if _HEAD.unpack(head) != (self._sums, numbers.nbytes):
            raise ConnectionError(f"it is at sum {_HEAD.unpack(head)}, not {self._sums}")
        _fill(link, numbers.data.cast("B"))


def _tuned(link: socket.socket) -> socket.socket:
    """Send at once, wait for ever, but notice a dead machine."""
    link.settimeout(None)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return link


def _fill(link: socket.socket, room: memoryview) -> None:
    """Receive as many bytes as there is room for."""
    while room:
        count = link.recv_into(room)
        if count == 0:
            raise ConnectionError("the connection is closed")
        room = room[count:]
