"""A student's process that is replaced by a fresh one when it is lost, with the same cells run again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from autograder.kernel import Kernel, Run, Setting, new_kernel
from course_lib.checks import Case, Outcome

MAX_RESTARTS = 20


class Session:
    """The kernel of one submission; a cell or an answer that ends it costs its own marks and no others.

    A cell that was stopped is not run again. The whole session takes no longer than the limit on the notebook.
    """

    def __init__(self, level: str, setting: Setting) -> None:
        self.level, self.setting = level, setting
        self.history: list[Callable[[Kernel], object]] = []
        self.restarts, self.problem = 0, ""
        self.ends = time.monotonic() + setting.limits.total

    def __enter__(self) -> Session:
        self.kernel = new_kernel(self.level, self.setting).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.kernel.__exit__()

    def run(self, source: str) -> Run:
        """Run a cell and return its outputs."""
        run = self._living().run(source)
        if not run.problem:
            self.history.append(lambda kernel: kernel.run(source))
        return run

    def mark(self, question: str, names: Sequence[str]) -> None:
        """Have the process remember what a question's names stand for now."""
        self._living().mark(question, names)
        self.history.append(lambda kernel: kernel.mark(question, names))

    def ask(self, case: Case, question: str) -> Outcome:
        """Have the process answer a case of a question."""
        return self._living().ask(case, question)

    def test(self, source: str, question: str) -> Run:
        """Run a test cell of asserts."""
        return self._living().test(source, question)

    @property
    def lost(self) -> bool:
        """Whether the last request was the process's end."""
        return bool(self.kernel.problem)

    def _living(self) -> Kernel:
        """Return the kernel, a fresh one in which the cells have been run again if it was lost."""
        while self.lost and self.restarts < MAX_RESTARTS and (left := self.ends - time.monotonic()) > 0:
            self.restarts += 1
            self.kernel.__exit__()
            setting = replace(self.setting, limits=replace(self.setting.limits, total=left))
            self.kernel = new_kernel(self.level, setting).__enter__()
            for step in self.history:
                step(self.kernel)
        return self.kernel
