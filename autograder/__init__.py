"""The autograder of Descent: from submitted notebooks to grades, feedback and a report, in nbgrader's own formats."""

__version__ = "0.1.0"
