"""Settings of nbgrader for this course: sources in solutions/, releases in exercises/, all it makes in grading/."""

from pathlib import Path

from autograder.plugin import install

install(__file__)
GRADING = Path(__file__).parent.resolve() / "grading"
GRADING.mkdir(exist_ok=True)

c = get_config()  # type: ignore[name-defined]  # noqa: F821

c.CourseDirectory.course_id = "descent"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "grading/submitted"
c.CourseDirectory.autograded_directory = "grading/autograded"
c.CourseDirectory.feedback_directory = "grading/feedback"
c.CourseDirectory.solution_directory = "grading/solution"
c.CourseDirectory.db_url = f"sqlite:///{GRADING}/gradebook.db"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "questions.py", "record.json"]
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {"markdown2html": "autograder.formgrader.safe_markdown"}
c.HTMLExporter.preprocessors = ["autograder.formgrader.escape_names"]
c.ClearSolutions.text_stub = "Write your answer here."
