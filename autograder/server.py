"""The loop by which a forked process runs cells, answers cases and does what test cells ask for, or runs test cells."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder import wall
from autograder.link import Link
from autograder.objects import Objects
from autograder.shell import OUTPUTS, Shell, Stream
from course_lib.checks import Case, run_case
from course_lib.checks.remote import mark, marked


class Server:
    """Runs cells and answers cases for whoever holds the other end of `connection`."""

    def __init__(self, connection: socket.socket, shell: Shell) -> None:
        self.connection, self.shell, self.busy, self.answering, self.calls = connection, shell, False, 0, 0
        self.objects = Objects(self._call_back, _printed)
        self.link = Link(self._converse)
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGUSR2, self._end_answers)

    def _interrupt(self, *_: object) -> None:
        if self.answering:
            os.kill(self.answering, signal.SIGINT)
        elif self.busy:
            raise KeyboardInterrupt

    def _end_answers(self, *_: object) -> None:
        if self.answering:
            os.kill(self.answering, signal.SIGKILL)

    def serve(self) -> None:
        """Answer messages until the other side closes the connection."""
        while True:
            try:
                message = wall.receive(self.connection)
            except wall.WallError:
                return
            self._reply(message)

    def _reply(self, message: dict[str, Any]) -> None:
        task: Callable[..., dict[str, Any]] = getattr(self, f"_{message['op']}")
        before = self.busy
        try:
            self.busy = True
            body = task(**message["body"])
            self.busy = before
        except BaseException as error:
            self.busy = before
            body = {"error": f"{type(error).__name__}: {_text(error)}"}
        try:
            wall.send(self.connection, {"id": message["id"], **body})
        except (wall.WallError, TypeError, ValueError) as error:
            if not isinstance(error, wall.WallClosed):
                wall.send(self.connection, {"id": message["id"], "error": "the answer is too large or not plain data"})

    def _run(self, source: str) -> dict[str, Any]:
        _fresh_streams()
        self.shell.run_cell(source, store_history=True)
        return {"outputs": OUTPUTS.items}

    def _files(self, files: dict[str, bytes]) -> dict[str, Any]:
        for name, data in files.items():
            Path(name).write_bytes(data)
        return {}

    def _mark(self, question: str, names: list[str]) -> dict[str, Any]:
        mark(question, names, self.shell.user_ns)
        return {}

    def _answers(self) -> dict[str, Any]:
        """Go on as a copy of this process; this one waits, and says so when the copy has ended."""
        copy = os.fork()
        if copy == 0:
            return {}
        self.answering = copy
        os.waitpid(copy, 0)
        self.answering = 0
        if os.getpid() == 1:  # first in a namespace of its own: end what the copy has left behind
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(-1, signal.SIGKILL)
                while True:
                    os.waitpid(-1, 0)
        return {"ended": True}

    def _test(self, source: str, question: str) -> dict[str, Any]:
        self.shell.user_ns.update(marked(question, {}))
        return self._run(source)

    def _names(self, question: str) -> dict[str, Any]:
        return {"names": self.objects.names(marked(question, {}))}

    def _remote(self, name: str, arguments: list[Any], named: dict[str, Any]) -> dict[str, Any]:
        _fresh_streams()
        return self.objects.do(name, arguments, named)

    def _call_back(self, body: dict[str, Any]) -> dict[str, Any]:
        """Call a function of a test cell; it may come back with operations meanwhile."""
        self.calls += 1
        number = self.calls
        wall.send(self.connection, {"callback": body, "to": number})
        while (message := wall.receive(self.connection)).get("returned") != number:
            self._reply(message)
        return message

    def _prove(self, source: str, names: dict[str, Any], classes: list[str]) -> dict[str, Any]:
        """Run a test cell, in a process that is not the student's."""
        self.shell.user_ns.update(self.link.bind(names, frozenset(classes)))
        return self._run(source)

    def _converse(self, body: dict[str, Any]) -> dict[str, Any]:
        wall.send(self.connection, {"remote": body})
        while True:
            message = wall.receive(self.connection)
            if "callback" in message:
                wall.send(self.connection, {"id": message["id"], **self.link.call_back(message["callback"])})
            elif "reply" in message:
                return message["reply"]

    def _ask(self, case: dict[str, Any], question: str) -> dict[str, Any]:
        OUTPUTS.clear()
        return run_case(Case(**case), marked(question, self.shell.user_ns)).to_plain()


def _fresh_streams() -> None:
    OUTPUTS.clear()
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")


def _printed() -> str:
    texts = [item["text"] for item in OUTPUTS.items if item.get("name") == "stdout"]
    OUTPUTS.clear()
    return "".join(texts)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except Exception:
        return ""
