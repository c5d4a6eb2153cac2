"""Checks: compare an answer with the expected one, explain what differs, name the misconception; check gradients.

A student needs one line, ``check = load_checks("checks.json")``, and then ``check(my_function)``.
"""

from course_lib.checks.cases import Case, Outcome, run_case
from course_lib.checks.compare import compare
from course_lib.checks.gradients import check_backward, check_gradient, check_layer, check_network
from course_lib.checks.student import CheckFailed, Checks, load_checks
from course_lib.checks.verdicts import Misconception, recognise, verdict

__all__ = [
    "Case",
    "CheckFailed",
    "Checks",
    "Misconception",
    "Outcome",
    "check_backward",
    "check_gradient",
    "check_layer",
    "check_network",
    "compare",
    "load_checks",
    "recognise",
    "run_case",
    "verdict",
]
