"""A student's process that is replaced by a fresh one when it is lost, with the same cells run again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from autograder.forked_kernel import ForkedKernel
from autograder.kernel import Kernel, Run, Setting, new_kernel
from autograder.plans import Plan, names_in
from autograder.trusted_kernel import TrustedKernel
from course_lib.checks import Case, Outcome

MAX_RESTARTS = 20
BESIDE = "plain test cells ran in the student's own process, where an answer can forge them"


class Session:
    """The kernel of one submission; a cell or an answer that ends it costs its own marks and no others.

    A cell that was stopped is not run again. The whole session takes no longer than the limit on the notebook.
    """

    def __init__(self, level: str, setting: Setting, plan: Plan | None = None) -> None:
        self.level, self.setting, self.plan = level, setting, plan or Plan()
        self.helpers: list[tuple[str, str]] = []
        self.trusted: TrustedKernel | None = None
        self.notes: list[str] = []
        self.history: list[Callable[[Kernel], object]] = []
        self.restarts, self.problem = 0, ""
        self.ends = time.monotonic() + setting.limits.total

    def __enter__(self) -> Session:
        self.kernel = new_kernel(self.level, self.setting).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._drop_trusted()
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

    def needs(self, source: str) -> list[str]:
        """List the names that a plain test cell takes from the student's process."""
        names = names_in(source)
        return sorted(names if self.plan.beside or self.level == "stock" else names & self.plan.theirs)

    def help(self, name: str, source: str) -> None:
        """Keep a locked cell that defines what test cells use, to run it on their side too."""
        self.mark(name, self.needs(source))
        self.helpers.append((name, source))

    def test(self, source: str, question: str) -> Run:
        """Run a test cell of asserts: apart from the student's code, unless the level or the set does not allow it."""
        kernel = self._living()
        if self.plan.beside or not isinstance(kernel, ForkedKernel):
            self.notes = [BESIDE]
            return kernel.test(source, question)
        trusted = self._trusted(kernel)
        run = self._prove(trusted, source, question)
        if run.problem:
            self._drop_trusted()
        return run

    def _trusted(self, student: ForkedKernel) -> TrustedKernel:
        """Return the process for test cells, with the instructor's imports and helpers."""
        if self.trusted is not None and self.trusted.student is student:
            return self.trusted
        self._drop_trusted()
        self.trusted = trusted = TrustedKernel(self.level, replace(self.setting, refuses=()), student)
        trusted.__enter__()
        for statement in self.plan.imports:
            trusted.prove(statement, {}, self.plan.classes)
        for name, source in self.helpers:
            self._prove(trusted, source, name)
        return trusted

    def _prove(self, trusted: TrustedKernel, source: str, question: str) -> Run:
        names, problem = trusted.student.names(question)
        if problem:
            return Run(problem=problem)
        theirs = {name: body for name, body in names.items() if name in self.plan.theirs}
        return trusted.prove(source, theirs, self.plan.classes)

    def _drop_trusted(self) -> None:
        if self.trusted is not None:
            self.trusted.__exit__()
            self.trusted = None

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
