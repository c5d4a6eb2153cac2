"""The wall between the grader and a student's process: framed messages of plain data, in both directions.

Nothing that crosses can carry code: numbers, strings, booleans, ``None``, arrays of numbers or text, and lists, tuples
and dicts of them. Whatever else a message holds, lies about its length or nests without end is a :class:`WallError`.
"""

from __future__ import annotations

import math
import socket
import struct
import time
from typing import Any

import msgpack
import numpy as np

from course_lib.checks.values import MAX_DEPTH, NUMERIC_KINDS, Opaque

MAX_MESSAGE = 16 * 2**20
MAX_CONTAINERS, MAX_NESTING, MAX_DIGITS = 200_000, MAX_DEPTH + 5, 1_000
MAX_ITEMS = 1_000_000  # of lists and dicts, which are compared one by one; arrays may have as many as fit
MAX_LEVELS = 150  # a dict of the deepest value that autograder.exchange writes takes three of them, 40 times
HEADER = struct.Struct("<I")
CONTAINERS = frozenset((list, tuple, dict))
ARRAY, SCALAR, COMPLEX, TUPLE, INTEGER, OPAQUE = range(1, 7)


class WallError(Exception):
    """A message that could not be read; the text says why."""


class WallTimeout(WallError):
    """No whole message came in time."""


class WallClosed(WallError):
    """The other side went away."""


def pack(value: Any) -> bytes:
    """Write a plain value as bytes.

    Examples
    --------
    >>> unpack(pack((1, [2.5, np.arange(2)])))
    (1, [2.5, array([0, 1])])
    """
    return msgpack.packb(value, default=_encode, strict_types=True, use_bin_type=True, unicode_errors="surrogatepass")


def unpack(data: bytes) -> Any:
    """Read what :func:`pack` wrote; WallError for anything else."""
    try:
        return _not_too_deep(_Reader().read(data))
    except WallError:
        raise
    except Exception as error:  # whatever msgpack, NumPy or struct make of bytes that are no message
        raise WallError(f"unreadable message ({type(error).__name__})") from None


def _encode(value: Any) -> Any:
    if isinstance(value, tuple):
        return msgpack.ExtType(TUPLE, pack(list(value)))
    if isinstance(value, np.ndarray):
        return msgpack.ExtType(ARRAY, _array_bytes(value))
    if isinstance(value, np.generic):
        return msgpack.ExtType(SCALAR, _array_bytes(np.asarray(value)))
    if type(value) is complex:
        return msgpack.ExtType(COMPLEX, struct.pack("<dd", value.real, value.imag))
    if type(value) is int:
        digits = hex(value).encode()
        return msgpack.ExtType(
            *((INTEGER, digits) if len(digits) <= MAX_DIGITS else (OPAQUE, b"int of thousands of digits"))
        )
    if isinstance(value, Opaque):
        return msgpack.ExtType(OPAQUE, value.type_name.encode("utf-8", "replace")[:200])
    raise TypeError(f"value must be plain (see course_lib.checks.values.plain), got {type(value).__name__}")


def _array_bytes(array: np.ndarray) -> bytes:
    return msgpack.packb([array.dtype.str, list(array.shape), np.ascontiguousarray(array).tobytes()])


class _Reader:
    """Reads one message, counting what it makes, so that a small message cannot become a huge value."""

    def __init__(self) -> None:
        self.containers, self.items, self.depth = 0, 0, 0

    def read(self, data: bytes) -> Any:
        value = msgpack.unpackb(
            data, ext_hook=self._extension, list_hook=self._list, object_pairs_hook=self._dict, raw=False,
            strict_map_key=False, unicode_errors="surrogatepass", max_ext_len=MAX_MESSAGE, max_bin_len=MAX_MESSAGE,
        )  # fmt: skip
        return self._without_times((value,))[0]

    def _without_times(self, items: Any) -> Any:
        """Refuse msgpack's own extension, which no hook gets to see."""
        if msgpack.Timestamp in map(type, items):
            raise WallError("unreadable message (a point in time)")
        return items

    def _count(self, items: int = 0) -> None:
        self.containers += 1
        self.items += items
        if self.containers > MAX_CONTAINERS or self.items > MAX_ITEMS:
            raise WallError("unreadable message (too many lists, or too long ones)")

    def _list(self, items: list[Any]) -> list[Any]:
        self._count(len(items))
        return self._without_times(items)

    def _dict(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        self._count(len(pairs))
        for key, _ in pairs:
            small = type(key) is int and -(2**63) <= key < 2**64
            if not small and type(key) not in (str, bool, float):
                raise WallError("unreadable message (odd key)")
        self._without_times(value for _, value in pairs)
        return dict(pairs)

    def _extension(self, code: int, data: bytes) -> Any:
        self._count()
        if code == TUPLE:
            return self._tuple(data)
        if code == ARRAY:
            return _array(data)
        if code == SCALAR:
            return _array(data)[()]
        if code == COMPLEX:
            return complex(*struct.unpack("<dd", data))
        if code == INTEGER and len(data) <= MAX_DIGITS:
            return int(data, 16)
        if code == OPAQUE:
            return Opaque(data[:200].decode("utf-8", "replace"))
        raise WallError(f"unreadable message (kind {code})")

    def _tuple(self, data: bytes) -> tuple[Any, ...]:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise WallError("unreadable message (nested too deeply)")
        value = self.read(data)
        self.depth -= 1
        return tuple(value)


def _not_too_deep(value: Any) -> Any:
    """Refuse what Python could read but neither print nor write again."""
    level = [value] if type(value) in CONTAINERS else []
    for _ in range(MAX_LEVELS):
        if not level:
            return value
        contents = (item.values() if type(item) is dict else item for item in level)
        level = [part for items in contents if not CONTAINERS.isdisjoint(map(type, items))
                 for part in items if type(part) in CONTAINERS]  # fmt: skip
    raise WallError("unreadable message (nested too deeply)")


def _array(data: bytes) -> np.ndarray:
    name, shape, content = msgpack.unpackb(data, max_bin_len=MAX_MESSAGE)
    dtype = np.dtype(name if isinstance(name, str) and len(name) < 20 else "O")
    if dtype.kind not in NUMERIC_KINDS + "U" or dtype.hasobject:
        raise WallError("unreadable message (array of objects)")
    if (
        len(shape) > 32
        or any(type(n) is not int or n < 0 for n in shape)
        or math.prod(shape) * dtype.itemsize != len(content)
    ):
        raise WallError("unreadable message (array of another size)")
    return np.frombuffer(content, dtype).reshape(shape).copy()


def send(connection: socket.socket, value: Any, seconds: float | None = None) -> None:
    """Send a plain value as one message; WallTimeout if the other side does not take it within `seconds`."""
    data = pack(value)
    if len(data) > MAX_MESSAGE:
        raise WallError(f"a message may have {MAX_MESSAGE} bytes, this one has {len(data)}")
    try:
        connection.settimeout(seconds)
        connection.sendall(HEADER.pack(len(data)) + data)
    except TimeoutError:
        raise WallTimeout("the other side does not listen") from None
    except OSError:
        raise WallClosed("the other side went away") from None


class Inbox:
    """What comes over a connection; a message that has begun when time runs out is read on by the next call.

    Examples
    --------
    >>> ours, theirs = socket.socketpair()
    >>> send(theirs, (1, 2))
    >>> Inbox(ours).receive(seconds=1)
    (1, 2)
    >>> ours.close(), theirs.close()
    (None, None)
    """

    def __init__(self, connection: socket.socket, ahead: int = 65_536) -> None:
        self.connection, self.ahead, self.data = connection, ahead, bytearray()

    def receive(self, seconds: float | None = None) -> Any:
        """Receive one message as a plain value.

        Raises
        ------
        WallTimeout, WallClosed, WallError
            If no whole message came within `seconds`, the other side went away, or the message is not plain data.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        self._fill(HEADER.size, deadline)
        (length,) = HEADER.unpack(self.data[: HEADER.size])
        if length > MAX_MESSAGE:
            raise WallError(f"a message may have {MAX_MESSAGE} bytes, this one claims {length}")
        self._fill(HEADER.size + length, deadline)
        message = bytes(self.data[HEADER.size : HEADER.size + length])
        del self.data[: HEADER.size + length]
        return unpack(message)

    def _fill(self, count: int, deadline: float | None) -> None:
        """Read until there are `count` bytes; what is there already is read once even if this process comes late."""
        late = False
        while len(self.data) < count:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if late:
                raise WallTimeout("no answer in time")
            late = left == 0.0
            try:
                self.connection.settimeout(left)
                part = self.connection.recv(min(1 << 20, max(self.ahead, count - len(self.data))))
            except (TimeoutError, BlockingIOError):
                raise WallTimeout("no answer in time") from None
            except OSError:
                raise WallClosed("the other side went away") from None
            if not part:
                raise WallClosed("the other side went away")
            self.data += part


def receive(connection: socket.socket, seconds: float | None = None) -> Any:
    """Receive one message from a connection that no :class:`Inbox` reads."""
    return Inbox(connection, ahead=0).receive(seconds)
