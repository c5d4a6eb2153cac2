"""A student's process forked from a warmed parent: ready in milliseconds, without sockets of Jupyter, shut in."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from nbformat import NotebookNode

from autograder import wall
from autograder.kernel import KEPT, Run, Setting, remove_folder
from autograder.outputs import as_items, as_output, as_text
from autograder.patience import LEAST, PATIENCE, Waiting
from autograder.sandbox import Resources
from course_lib.checks import Case, Outcome

START_SECONDS = 120.0
ENDED = "Stopped: the answer ended its own Python process"
MAX_NOTEBOOK, MAX_DEPTH = 5_000_000, 50


class CopyEnded(Exception):
    """The copy of the student's process that answered has ended."""


class Zygote:
    """The warmed parent of this worker's students, a process of its own that has imported some modules."""

    def __init__(self, modules: Sequence[str] = ()) -> None:
        self.control, theirs = socket.socketpair()
        command = [sys.executable, "-m", "autograder.zygote", str(theirs.fileno()), *modules]
        clean = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=clean)
        theirs.close()
        self.control.settimeout(START_SECONDS)
        self.facts = self._answer()

    def fork(self, connection: socket.socket, request: dict[str, Any]) -> int:
        """Fork a student's process that serves `connection`; return its supervisor's number."""
        socket.send_fds(self.control, [json.dumps(request).encode()], [connection.fileno()])
        return int(self._answer()["pid"])

    def end(self, pid: int) -> dict[str, Any]:
        """End a student's process and all it started; return its status, CPU seconds and peak memory."""
        self.control.sendall(json.dumps({"end": pid}).encode())
        return self._answer()

    def close(self) -> None:
        """Let the parent go."""
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait()

    def _answer(self) -> dict[str, Any]:
        data = self.control.recv(65_536)
        if not data:
            raise RuntimeError("the process that students' processes are forked from has died")
        return json.loads(data)


_zygotes: dict[tuple[str, ...], Zygote] = {}


def zygote(modules: tuple[str, ...] = ()) -> Zygote:
    """Return this worker's zygote that has imported these modules, started at the first call."""
    if modules not in _zygotes or _zygotes[modules].process.poll() is not None:
        _zygotes[modules] = Zygote(modules)
        atexit.register(_zygotes[modules].close)
    return _zygotes[modules]


class ForkedKernel:
    """A student's process behind the wall; a context manager, leaving it ends the process and all that it started."""

    def __init__(self, level: str, setting: Setting, resources: Resources | None = None) -> None:
        self.level, self.setting, self.limits = level, setting, setting.limits
        self.resources = resources or Resources()
        self.problem, self.number, self.folder, self.answering = "", 0, "", False
        self.usage: dict[str, Any] = {}
        self.room = MAX_NOTEBOOK
        self.call_back: Callable[[Any], dict[str, Any]] | None = None
        self.depth = 0

    def __enter__(self) -> ForkedKernel:
        self.connection, theirs = socket.socketpair()
        self.folder = "" if self.level == "namespaces" else tempfile.mkdtemp(prefix="descent-")
        request = {"level": self.level, "folder": self.folder, "resources": asdict(self.resources),
                   "refuses": list(self.setting.refuses)}  # fmt: skip
        self.zygote = zygote(self.setting.modules)
        self.ends = time.monotonic() + self.limits.total
        self.pid = self.zygote.fork(theirs, request)
        self.inbox, self.waiting = wall.Inbox(self.connection), Waiting(self.pid)
        theirs.close()
        self._request("files", {"files": dict(self.setting.files)}, self.limits.start)
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        if not self.usage:
            self.usage = self.zygote.end(self.pid)
        if self.folder:
            remove_folder(self.folder)

    def run(self, source: str) -> Run:
        """Run a cell and return its outputs."""
        return self._run("run", {"source": source})

    def test(self, source: str, question: str) -> Run:
        """Run a test cell of asserts in the copy of the student's process."""
        self._have_copy()
        return self._run("test", {"source": source, "question": question})

    def names(self, question: str) -> tuple[dict[str, Any], str]:
        """Return the written forms of what a question's names stand for, or what went wrong."""
        self._have_copy()
        reply, problem = self._request("names", {"question": question}, self.limits.case)
        names = reply.get("names")
        error = problem or as_text(reply.get("error"))
        return (names, error) if isinstance(names, dict) else ({}, error or "the answer could not be read")

    def remote(self, body: Any, call_back: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Have the copy of the student's process do an operation for a test cell (:mod:`autograder.objects`)."""
        if self.depth >= MAX_DEPTH:
            return {"error": f"test and answer call each other more than {MAX_DEPTH} deep"}
        self._have_copy()
        before, self.call_back, self.depth = self.call_back, call_back, self.depth + 1
        reply, problem = self._request("remote", body, self.limits.case)
        self.call_back, self.depth = before, self.depth - 1
        return {"error": problem} if problem else reply

    def _have_copy(self) -> None:
        if not self.answering and not self.problem:
            _, problem = self._request("answers", {}, self.limits.stop)
            self.problem, self.answering = problem, not problem

    def _run(self, kind: str, body: dict[str, Any]) -> Run:
        reply, problem = self._request(kind, body, self.limits.cell)
        outputs = [output for item in as_items(reply.get("outputs")) if (output := self._fitting(item))]
        error = reply.get("error")
        return Run(outputs, reply, problem or (as_text(error)[:2000] if error else ""))

    def _fitting(self, item: Any) -> NotebookNode | None:
        """Return an output if the notebook has room for it."""
        output = as_output(item)
        self.room -= len(str(output))
        return output if self.room > 0 else None

    def mark(self, question: str, names: Sequence[str]) -> None:
        """Have the process remember what a question's names stand for now."""
        self._request("mark", {"question": question, "names": list(names)}, self.limits.cell)

    def ask(self, case: Case, question: str) -> Outcome:
        """Have a copy of the student's process answer a case of a question.

        Nothing that the copy learns, hidden inputs above all, comes back into the process in which cells ran; and a
        copy that ends or hangs is replaced by a new one.
        """
        self._have_copy()
        body = {"code": case.code, "inputs": dict(case.inputs), "layout": case.layout}
        reply, problem = self._request("ask", {"case": body, "question": question}, self.limits.case)
        return Outcome(error=problem) if problem else Outcome.from_plain(reply)

    def _request(self, kind: str, body: dict[str, Any], seconds: float) -> tuple[dict[str, Any], str]:
        """Send a request and wait for its answer; interrupt, then stop, a process that takes too long."""
        left = self.ends - time.monotonic()
        if left <= 0 and not self.problem:
            self.problem = f"Stopped: the notebook took longer than {self.limits.total:g} s"
        if self.problem:
            return {}, self.problem
        seconds, self.number = min(seconds, left), self.number + 1
        try:
            wall.send(self.connection, {"id": self.number, "op": kind, "body": body}, seconds)
            return self._reply(self.number, seconds), ""
        except wall.WallTimeout:
            return {}, self._interrupt(self.number, seconds)
        except CopyEnded:
            self.answering = False
            return {}, ENDED
        except wall.WallClosed:
            self.problem = ENDED
        except wall.WallError as error:
            self.problem = f"Stopped: {error}"
        return {}, self.problem

    def _reply(self, number: int, seconds: float) -> dict[str, Any]:
        """Wait for the answer to a request; time spent waiting for a processor is not counted, within bounds."""
        deadline = time.monotonic() + seconds
        latest = deadline + (PATIENCE - 1) * seconds
        while True:
            try:
                reply = self.inbox.receive(max(deadline - time.monotonic(), 0.0))
            except wall.WallTimeout:
                deadline = min(deadline + self.waiting.since_last(), latest)
                if deadline - time.monotonic() < LEAST:
                    raise
                continue
            if isinstance(reply, dict) and not self._meanwhile(reply):
                if reply.get("ended") and self.answering:
                    raise CopyEnded
                if reply.get("id") == number:
                    return reply
            if time.monotonic() > latest:
                raise wall.WallTimeout("messages, but no answer in time")

    def _meanwhile(self, message: dict[str, Any]) -> bool:
        """Serve a message that is no answer: student's code that calls a function of a test cell."""
        if "callback" not in message or self.call_back is None:
            return False
        returned = self.call_back(message["callback"])
        wall.send(self.connection, {"returned": message.get("to"), **returned}, self.limits.stop)
        return True

    def _interrupt(self, number: int, seconds: float) -> str:
        """Stop what takes too long: by an interrupt, else by ending the copy that answers, else for good."""
        means = [(signal.SIGUSR1, self.limits.interrupt), (signal.SIGUSR2, self.limits.stop)]
        for stop, patience in means if self.answering else means[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, stop)
            try:
                self._reply(number, patience)
            except CopyEnded:
                self.answering = False
            except wall.WallError:
                continue
            break
        else:
            self.problem = "Stopped: an earlier cell could not be interrupted"
        return f"Timeout: not finished after {seconds:g} s"
