"""The process in which test cells run: as shut in as a student's, with limits of its own, none of their code in it."""

from __future__ import annotations

from typing import Any

from autograder import wall
from autograder.forked_kernel import ForkedKernel
from autograder.kernel import Run, Setting


class TrustedKernel(ForkedKernel):
    """Runs test cells; what they do with a student's objects is passed on to the `student`'s process.

    Each operation is a message of plain data in both directions, read here on its way.
    """

    def __init__(self, level: str, setting: Setting, student: ForkedKernel) -> None:
        super().__init__(level, setting)
        self.student = student

    def prove(self, source: str, names: dict[str, Any], classes: frozenset[str]) -> Run:
        """Run a test cell, or a helper cell, with a student's names bound to what stands for them."""
        return self._run("prove", {"source": source, "names": names, "classes": sorted(classes)})

    def _meanwhile(self, message: dict[str, Any]) -> bool:
        if "remote" not in message:
            return False
        reply = self.student.remote(message["remote"], self._called_back)
        wall.send(self.connection, {"reply": reply}, self.limits.stop)
        return True

    def _called_back(self, body: Any) -> dict[str, Any]:
        self.number += 1
        number = self.number
        wall.send(self.connection, {"callback": body, "id": number}, self.limits.stop)
        reply = self._reply(number, self.limits.case)
        return {key: reply[key] for key in ("value", "raised") if key in reply}
