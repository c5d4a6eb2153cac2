"""A stock IPython kernel for a student: the last resort, without isolation, and what the engine is measured against."""

from __future__ import annotations

import ast
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from tempfile import mkdtemp
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbformat.v4 import output_from_msg

from autograder.kernel import KEPT, Run, Setting, remove_folder
from autograder.outputs import as_output
from course_lib.checks import Case, Outcome
from course_lib.checks.student import case_to_json
from course_lib.checks.values import loads

REMOTE = "__import__('course_lib.checks.remote', fromlist=['answer'])"
POLL_SECONDS = 0.25
MAX_OUTPUT = 100_000
SINGLE_THREADED = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class StockKernel:
    """A stock kernel in a process and a temporary folder of its own; a context manager, leaving it ends the process."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.limits, self.problem = setting, setting.limits, ""
        self.folder = folder = Path(mkdtemp(prefix="descent-"))
        self.manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / ".kernel" / "ipc"))
        self.manager.connection_file = str(folder / ".kernel" / "connection.json")

    def __enter__(self) -> StockKernel:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment = {**kept, **SINGLE_THREADED, "NBGRADER_EXECUTION": "autograde"}
        (self.folder / ".kernel").mkdir()
        for name, data in self.setting.files.items():
            (self.folder / name).write_bytes(data)
        self.manager.start_kernel(
            stdout=DEVNULL,
            stderr=DEVNULL,
            cwd=str(self.folder),
            env=environment,
            extra_arguments=["--HistoryManager.enabled=False"],
        )
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=self.limits.start)
        self.run(f"{REMOTE}.refuse({list(self.setting.refuses)!r})")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        remove_folder(str(self.folder))

    def run(self, source: str) -> Run:
        """Run a cell and return its outputs."""
        return self._execute(source, self.limits.cell)

    def mark(self, question: str, names: Sequence[str]) -> None:
        """Have the process remember what a question's names stand for now."""
        call = f"{REMOTE}.mark({question!r}, {list(names)!r}, globals())"
        self._execute("", self.limits.cell, {"mark": call})

    def ask(self, case: Case, question: str) -> Outcome:
        """Have the student's process answer a case of a question."""
        text = json.dumps(case_to_json(case))
        call = f"{REMOTE}.answer({text!r}, globals(), {question!r})"
        run = self._execute("", self.limits.case, {"outcome": call})
        if run.problem:
            return Outcome(error=run.problem)
        return _outcome(run.reply.get("user_expressions", {}).get("outcome", {}))

    def test(self, source: str, question: str) -> Run:
        """Run a test cell of asserts."""
        self._execute("", self.limits.cell, {"marked": f"globals().update({REMOTE}.marked({question!r}, {{}}))"})
        return self.run(source)

    def _execute(self, source: str, seconds: float, expressions: dict[str, str] | None = None) -> Run:
        if self.problem:
            return Run(problem=self.problem)
        run = Run()
        message = self.client.execute(
            source, silent=expressions is not None, user_expressions=expressions, allow_stdin=False, stop_on_error=False
        )
        if not self._collect(run, message, seconds):
            run.problem = run.problem or f"Timeout: not finished after {seconds:g} s"
            self._interrupt(run, message)
        return run

    def _interrupt(self, run: Run, message: str) -> None:
        if self.problem:
            return
        self.manager.interrupt_kernel()
        if not self._collect(Run(), message, self.limits.interrupt) and not self.problem:
            self.manager.shutdown_kernel(now=True)
            self.problem = "Stopped: an earlier cell could not be interrupted"

    def _collect(self, run: Run, message: str, seconds: float) -> bool:
        """Gather outputs until the kernel is idle and has replied; False if time runs out or the process dies."""
        deadline, idle, size = time.monotonic() + seconds, False, 0
        while not (idle and run.reply):
            if time.monotonic() > deadline:
                return False
            if idle:
                run.reply = _wait(self.client.get_shell_msg, message) or run.reply
                continue
            content = _wait(self.client.get_iopub_msg, message, whole=True)
            if content is None:
                if not self.manager.is_alive():
                    run.problem = self.problem = "Stopped: the answer ended its own Python process"
                    return False
                continue
            idle = content["msg_type"] == "status" and content["content"]["execution_state"] == "idle"
            size += len(str(content["content"]))
            if size <= MAX_OUTPUT:
                _keep(run, content)
        return True


def _wait(receive: Any, message: str, whole: bool = False) -> Any:
    try:
        received = receive(timeout=POLL_SECONDS)
    except Empty:
        return None
    if received["parent_header"].get("msg_id") != message:
        return None
    return received if whole else received["content"]


def _keep(run: Run, message: dict[str, Any]) -> None:
    if message["msg_type"] not in ("stream", "display_data", "execute_result", "error"):
        return
    output = as_output(output_from_msg(message))
    if output is None:
        return
    last = run.outputs[-1] if run.outputs else None
    if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
        last.text += output.text
    else:
        run.outputs.append(output)


def _outcome(reply: dict[str, Any]) -> Outcome:
    if reply.get("status") == "error":
        return Outcome(error=f"{reply.get('ename')}: {reply.get('evalue')}"[:500])
    try:
        return Outcome.from_plain(loads(ast.literal_eval(reply["data"]["text/plain"])))
    except (KeyError, ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return Outcome(error="the answer could not be read")
