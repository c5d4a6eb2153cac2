"""The autograder of Descent: from submitted notebooks to grades, feedback and a report, in nbgrader's own formats."""

import sys

__version__ = "0.1.0"

# jsonschema, which nbformat brings along, would load it to check addresses that no notebook has: a second a process
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
