"""The wall: plain data comes through as it was, and nothing else comes through at all."""

import ast
import math
import pickle
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import wall
from autograder.wall import ARRAY, COMPLEX, HEADER, INTEGER, MAX_MESSAGE, OPAQUE, SCALAR, TUPLE, WallError, pack, unpack
from course_lib.checks.values import MAX_DEPTH, Opaque, plain

Pair = tuple[socket.socket, socket.socket]

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.complex_number_dtypes(endianness="?"),
    hnp.unicode_string_dtypes(endianness="?", max_len=5),
)
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
KEYS = st.one_of(st.text(max_size=5), st.integers(-(2**63), 2**64 - 1), st.booleans(), st.floats(allow_nan=False))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**3000), 2**3000),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(), max_size=20),
    ARRAYS,
    ARRAYS.filter(lambda array: array.ndim == 0).map(lambda array: array[()]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(Opaque),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Equal, of the same type and dtype; NaN is NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return (
            list(map(type, a)) == list(map(type, b)) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
        )
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, float):
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (math.isnan(a) and math.isnan(b))
    return bool(a == b)


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_plain_values_come_through_exactly(value: Any) -> None:
    assert same(unpack(pack(value)), value)


@pytest.mark.parametrize("container", [lambda x: [x], lambda x: (x,), lambda x: {"deeper": x}])
def test_whatever_plain_makes_of_a_deep_value_comes_through(container: Callable[[Any], Any]) -> None:
    value: Any = 0
    for _ in range(MAX_DEPTH + 50):
        value = container(value)
    assert same(unpack(pack(plain(value))), plain(value))


@pytest.mark.parametrize("value", [object(), {1, 2}, print, Path("x"), type, np.dtype("f8"), range(3)])
def test_what_is_not_plain_is_not_sent(value: Any) -> None:
    with pytest.raises(TypeError, match="value must be plain"):
        pack([value])


def test_an_integer_of_thousands_of_digits_becomes_a_word() -> None:
    assert isinstance(unpack(pack(10**5000)), Opaque)


def ext(code: int, body: Any) -> bytes:
    return msgpack.packb(msgpack.ExtType(code, body if isinstance(body, bytes) else msgpack.packb(body)))


def nested_tuples(levels: int, data: bytes = b"\x91\x00") -> bytes:
    for _ in range(levels):
        data = b"\x91" + msgpack.packb(msgpack.ExtType(TUPLE, data))
    return data


EIGHT = bytes(8)
ABUSES = {
    "nothing": b"",
    "cut off": pack([1.5, "text", (1, 2)])[:-3],
    "more than one value": pack(1) + pack(2),
    "a byte that means nothing": b"\xc1",
    "a pickle": pickle.dumps([1, 2]),
    "text that is not UTF-8": b"\xa3\xff\xfe\xfd",
    "lists nested without end": b"\x91" * 500_000 + b"\xc0",
    "dicts nested without end": b"\x81\xa1a" * 500_000 + b"\xc0",
    "tuples nested without end": nested_tuples(400),
    "lists nested as deeply as they can be read": b"\x91" * 1000 + b"\xc0",
    "dicts nested as deeply as they can be read": b"\x81\xa1a" * 1000 + b"\xc0",
    "lists in tuples in lists": nested_tuples(20, b"\x91" * 500 + b"\xc0"),
    "a list that claims four billion items": b"\xdd\xff\xff\xff\xff",
    "a dict that claims four billion items": b"\xdf\xff\xff\xff\xff",
    "bytes that claim four gigabytes": b"\xc6\xff\xff\xff\xff",
    "text that claims four gigabytes": b"\xdb\xff\xff\xff\xff",
    "an extension that claims four gigabytes": b"\xc9\xff\xff\xff\xff\x01",
    "millions of numbers in a list": b"\xdd" + struct.pack(">I", 4_000_000) + bytes(4_000_000),
    "millions of keys": b"\xdf" + struct.pack(">I", 1_100_000) + b"\x07\xc0" * 1_100_000,
    "millions of empty lists": b"\xdd" + struct.pack(">I", 4_000_000) + b"\x90" * 4_000_000,
    "millions of empty dicts": b"\xdd" + struct.pack(">I", 4_000_000) + b"\x80" * 4_000_000,
    "a key that is a list": b"\x81\x90\xc0",
    "a key that is an array": b"\x81" + ext(ARRAY, ["<f8", [1], EIGHT]) + b"\xc0",
    "a key that is an integer of any size": b"\x81" + ext(INTEGER, hex(2**61 - 1).encode() * 3) + b"\xc0",
    "an unknown extension": ext(99, b"x"),
    "a point in time": b"\xd6\xff" + bytes(4),
    "points in time in a list": b"\x91\xd6\xff" + bytes(4),
    "points in time in a dict": b"\x81\xa1a\xd7\xff" + bytes(8),
    "points in time in a tuple": msgpack.packb(msgpack.ExtType(TUPLE, b"\x91\xc7\x0c\xff" + bytes(12))),
    "an extension of msgpack's own": b"\xd6\xfe" + bytes(4),
    "extension 0": ext(0, b"x"),
    "a complex number of 15 bytes": ext(COMPLEX, bytes(15)),
    "an integer that is none": ext(INTEGER, b"zz"),
    "an integer of a million digits": ext(INTEGER, b"f" * 1_000_000),
    "a tuple of one number": ext(TUPLE, 7),
    "an array of objects": ext(ARRAY, ["|O", [1], EIGHT]),
    "an array of records": ext(ARRAY, ["V8", [1], EIGHT]),
    "an array of fields": ext(ARRAY, ["i4,i4", [1], EIGHT]),
    "an array of arrays": ext(ARRAY, ["(2,)f4", [1], EIGHT]),
    "an array of dates": ext(ARRAY, ["<M8[s]", [1], EIGHT]),
    "an array of bytes": ext(ARRAY, ["S8", [1], EIGHT]),
    "an array of a type that is no word": ext(ARRAY, [["f8"], [1], EIGHT]),
    "an array of a type that does not exist": ext(ARRAY, ["((((", [1], EIGHT]),
    "an array of half of its size": ext(ARRAY, ["<f8", [2], EIGHT]),
    "an array of negative size": ext(ARRAY, ["<f8", [-1, -1], EIGHT]),
    "an array of True entries": ext(ARRAY, ["<f8", [True], EIGHT]),
    "an array of 33 dimensions": ext(ARRAY, ["<f8", [1] * 33, EIGHT]),
    "an array of immense sides": ext(ARRAY, ["<f8", [2**62, 2**62], EIGHT]),
    "an array without a shape": ext(ARRAY, ["<f8", 1, EIGHT]),
    "an array of text": ext(ARRAY, ["<f8", [1], "12345678"]),
    "an array of two parts": ext(ARRAY, ["<f8", [1]]),
    "an array that is a dict": ext(ARRAY, {"dtype": "f8"}),
    "a scalar of objects": ext(SCALAR, ["|O", [], EIGHT]),
}


@pytest.mark.parametrize("abuse", ABUSES)
def test_what_is_no_message_is_refused_quickly(abuse: str) -> None:
    began = time.process_time()
    with pytest.raises(WallError):
        unpack(ABUSES[abuse])
    assert time.process_time() - began < 2.0


def test_keys_made_to_collide_cost_no_time() -> None:
    items = [ext(INTEGER, hex((2**61 - 1) * factor).encode()) + b"\xc0" for factor in range(1, 100_000)]
    began = time.process_time()
    with pytest.raises(WallError, match="odd key"):
        unpack(b"\xdf" + struct.pack(">I", len(items)) + b"".join(items))
    assert time.process_time() - began < 2.0


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_random_bytes_give_a_value_or_a_refusal(data: bytes) -> None:
    try:
        unpack(data)
    except WallError:
        return


@given(VALUES, st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_messages_give_a_value_or_a_refusal(value: Any, choice: st.DataObject) -> None:
    data = bytearray(pack(value))
    for _ in range(choice.draw(st.integers(1, 3))):
        data[choice.draw(st.integers(0, len(data) - 1))] = choice.draw(st.integers(0, 255))
    try:
        unpack(bytes(data))
    except WallError:
        return


@given(st.integers(-128, 127), st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_extensions_of_any_kind_give_a_value_or_a_refusal(code: int, body: bytes) -> None:
    try:
        unpack(b"\xc7" + struct.pack("Bb", len(body), code) + body)
    except WallError:
        return
    assert code in {ARRAY, SCALAR, COMPLEX, TUPLE, INTEGER, OPAQUE}


def test_nothing_that_runs_code_is_used_to_read() -> None:
    source = Path(wall.__file__).read_text(encoding="utf-8")
    tree = list(ast.walk(ast.parse(source)))
    names = {alias.name for node in tree if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    assert not names & {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
    calls = {node.func.id for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"eval", "exec", "compile", "__import__", "getattr"}


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_messages_of_any_size_arrive_in_order(pair: Pair) -> None:
    ours, theirs = pair
    values = [1, "two", np.arange(500_000.0), (), {"four": 4}]
    sender = threading.Thread(target=lambda: [wall.send(theirs, value) for value in values])
    sender.start()
    assert all(same(wall.receive(ours, 10), value) for value in values)
    sender.join()


def test_a_lying_length_is_refused_before_anything_is_read(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(HEADER.pack(MAX_MESSAGE + 1))
    with pytest.raises(WallError, match=f"this one claims {MAX_MESSAGE + 1}"):
        wall.receive(ours, 1)


def test_a_message_cut_short_by_the_end_is_refused(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(HEADER.pack(100) + bytes(50))
    theirs.close()
    with pytest.raises(wall.WallClosed, match="went away"):
        wall.receive(ours, 1)


@pytest.mark.parametrize("begun", [b"", b"\x05", HEADER.pack(100), HEADER.pack(100) + bytes(99)])
def test_a_message_that_does_not_end_is_given_up(pair: Pair, begun: bytes) -> None:
    ours, theirs = pair
    theirs.sendall(begun)
    with pytest.raises(wall.WallTimeout, match="no answer in time"):
        wall.receive(ours, 0.05)


def test_a_message_that_time_cut_in_two_is_read_on(pair: Pair) -> None:
    ours, theirs = pair
    message = pack((1, "two"))
    data = HEADER.pack(len(message)) + message
    inbox = wall.Inbox(ours)
    for byte in data[:-1]:
        theirs.sendall(bytes([byte]))
        with pytest.raises(wall.WallTimeout):
            inbox.receive(0.001)
    theirs.sendall(data[-1:] + data)
    assert inbox.receive(1) == inbox.receive(1) == (1, "two")


def test_an_answer_that_is_there_is_read_by_whoever_comes_late(pair: Pair) -> None:
    ours, theirs = pair
    wall.send(theirs, "early")
    assert wall.Inbox(ours).receive(seconds=0) == "early"
    with pytest.raises(wall.WallTimeout):
        wall.Inbox(ours).receive(seconds=0)


def test_slow_drops_do_not_stop_the_clock(pair: Pair) -> None:
    ours, theirs = pair
    enough = threading.Event()

    def drip() -> None:
        theirs.sendall(HEADER.pack(1000))
        while not enough.wait(0.01):
            theirs.sendall(b"\x90")

    sender = threading.Thread(target=drip)
    sender.start()
    began = time.perf_counter()
    with pytest.raises(wall.WallTimeout):
        wall.receive(ours, 0.3)
    assert time.perf_counter() - began < 2.0
    enough.set()
    sender.join()


def test_whoever_does_not_listen_is_given_up(pair: Pair) -> None:
    with pytest.raises(wall.WallTimeout, match="does not listen"):
        wall.send(pair[0], np.zeros(1_000_000), seconds=0.05)


def test_whoever_went_away_is_noticed(pair: Pair) -> None:
    ours, theirs = pair
    theirs.close()
    with pytest.raises(wall.WallClosed):
        wall.send(ours, 1)


def test_too_much_is_not_sent(pair: Pair) -> None:
    with pytest.raises(WallError, match="a message may have"):
        wall.send(pair[0], np.zeros(MAX_MESSAGE // 8 + 1))
