"""Processes that stay warm and grade one job after another: an executor that knows who died of what.

Each worker leads a process group of its own with all that it starts. One that dies, or takes longer than its job may,
is ended with its whole group; that costs its own job only, and the next job gets a new worker.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any

PRELOADED = ["autograder.scheduling"]
_starting = threading.Lock()


class WorkerPool(Executor):
    """Worker processes forked from one clean process that has imported the grader.

    Parameters
    ----------
    workers
        How many jobs run side by side, at least 1.
    seconds
        How long a job may take; None for ever. A job that takes longer fails with TimeoutError.

    Notes
    -----
    A job whose worker dies fails with ``BrokenProcessPool``; the pool itself stays usable. ``shutdown(wait=False)``
    ends the workers at once.
    """

    def __init__(self, workers: int, seconds: float | None = None) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self.seconds = seconds
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(PRELOADED)
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._workers: dict[int, _Worker] = {}
        self._stopped = False
        self._threads = [threading.Thread(target=self._attend, args=(n,), daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Have a worker call a function, and return its future."""
        if self._stopped:
            raise RuntimeError("the workers have been sent home: make a new pool")
        future: Future[Any] = Future()
        self._jobs.put((future, partial(function, *arguments, **named)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs; finish those that were given, or with ``wait=False`` end everything at once."""
        self._stopped = True
        if cancel_futures or not wait:
            with contextlib.suppress(queue.Empty):
                while item := self._jobs.get_nowait():
                    item[0].cancel()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            while thread.is_alive():
                for worker in () if wait else list(self._workers.values()):
                    worker.kill()
                thread.join(None if wait else 0.1)

    def _attend(self, number: int) -> None:
        """Hand jobs to one worker, one at a time; replace it when it is gone."""
        while item := self._jobs.get():
            future, call = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                worker = self._workers.get(number) or self._workers.setdefault(number, _Worker(self.context))
                future.set_result(worker.call(call, self.seconds))
            except (BrokenProcessPool, TimeoutError, OSError) as error:
                self._end(number)
                future.set_exception(error)
            except BaseException as error:
                future.set_exception(error)
        if number in self._workers:
            self._workers.pop(number).close()

    def _end(self, number: int) -> None:
        if number in self._workers:
            worker = self._workers.pop(number)
            worker.kill()
            worker.bury()


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program that is running, which a new process would import again for nothing it needs."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class _Worker:
    """One process at the other end of a pipe."""

    def __init__(self, context: multiprocessing.context.ForkServerContext) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,))
        with _without_main():
            self.process.start()
        theirs.close()

    def call(self, call: Callable[[], Any], seconds: float | None) -> Any:
        """Have the process make a call, and return what it gave."""
        try:
            self.pipe.send(call)
            if not wait([self.pipe, self.process.sentinel], seconds):
                raise TimeoutError(f"not finished after {seconds:g} s")
            good, value = self.pipe.recv()
        except (EOFError, ConnectionError):
            raise BrokenProcessPool("the process that graded it died") from None
        if good:
            return value
        raise value

    def kill(self) -> None:
        """End the worker and all that it started."""
        for end in (lambda: os.killpg(self.process.pid or 0, signal.SIGKILL), self.process.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end()

    def bury(self) -> None:
        """Wait for the end of a worker that has been killed."""
        self.process.join()
        self.pipe.close()

    def close(self) -> None:
        """Let the worker end by itself, and make it if it does not."""
        self.pipe.close()
        self.process.join(10)
        if self.process.exitcode is None:
            self.kill()
            self.process.join()


def _work(pipe: Connection) -> None:
    """Answer calls until the pipe is closed; Ctrl-C is for the process that gave the job."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            call = pipe.recv()
            try:
                answer = True, call()
            except Exception as error:
                answer = False, error
            pipe.send(answer)
