"""A teacher at work in formgrader: press *Autograde*, read the score, look at what a hostile student handed in."""

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from classroom import RIGHT, SET, answered, submit, write_course
from lab_server import lab_server
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.apps import NbGraderAPI

from autograder.course import Course, find_course
from autograder.formgrader import safe_markdown
from autograder.gradebook import Gradebook
from autograder.grading import read_records
from autograder.notebooks import read_notebook

PATIENCE = 120_000
TAKE = "document.title = 'taken'; window.parent.document.title = 'taken'"
HOSTILE_WORDS = f"""**Plain words**
<script>{TAKE}</script><img src="x" onerror="{TAKE}"><svg onload="{TAKE}"></svg>
<b id="why" class="score" onmouseover="{TAKE}">hover</b> [link](javascript:{TAKE.replace(" ", "")})
<iframe srcdoc="<script>{TAKE}</script>"></iframe>"""
HOSTILE_CODE = f'''from IPython.display import HTML, Javascript, Latex, Markdown, SVG, display
page = """<script>{TAKE}</script><img src="x" onerror="{TAKE}">"""
display(HTML(page), Javascript("{TAKE}"), Markdown(page), Latex(page), SVG(data='<svg xmlns="http://www.w3.org/2000/svg"/>'))
display({{"image/png": '"><img src=x onerror="{TAKE}">', "text/html": page}}, raw=True)
print(page)
raise ValueError(page)'''


@dataclass
class Office:
    """A course, and where its JupyterLab is."""

    course: Course
    address: str
    context: Any

    def open(self, path: str) -> Any:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(self.address.format(path))
        return page


@pytest.fixture(scope="module")
def office(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    course = write_course(tmp_path_factory.mktemp("course"))
    handed_out = read_notebook((course.exercises / SET / f"{SET}.ipynb").read_bytes())
    submit(course, "ada", answered(handed_out, **RIGHT, why="That."))
    submit(course, "eve", b"{")
    handed_out.cells.append(new_markdown_cell(HOSTILE_WORDS))
    forged = [new_output("display_data", data={"text/html": HOSTILE_WORDS})]
    handed_out.cells.append(new_code_cell(HOSTILE_CODE, outputs=forged))
    submit(course, "mallory", answered(handed_out, double=HOSTILE_CODE, why=HOSTILE_WORDS))
    name = f'<img src=x onerror="{TAKE}">'
    with Gradebook(course) as gradebook:
        gradebook.save_students([{"id": "mallory", "first_name": name, "last_name": name}])
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.route(lambda url: not url.startswith(("http://127.0.0.1:", "file:")), lambda route: route.abort())
    with lab_server(course.root, tmp_path_factory.mktemp("home")) as address:
        yield Office(course, address, context)
        context.close()


def autograde(page: Any, student: str) -> Any:
    """Go from JupyterLab's menu to the list of submissions, and press *Autograde* beside a student."""
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Formgrader", exact=True).click()
    frame = page.frame_locator("iframe[src*=formgrader]")
    frame.locator("tr", has_text=SET).locator("td.num-submissions a").click()
    frame.locator("tr", has_text=student).locator(".autograde a").click()
    return frame


@pytest.mark.browser
def test_autograde_button_shows_the_score_of_the_engine_or_why_there_is_none(office: Office) -> None:
    frame = autograde(office.open("lab"), "ada")
    frame.get_by_text(f"Successfully autograded '{SET}' for student 'ada'").wait_for()
    assert "ada: 6 of 6 points" in frame.locator(".modal-body").inner_text()
    frame.locator("tr", has_text="ada").locator(".score", has_text="6 / 10").wait_for()
    frame.locator("tr", has_text="ada").get_by_text("needs manual grading").wait_for()
    record = next(record for record in read_records(office.course, SET) if record.student == "ada")
    assert record.points == 6 and record.engine and record.sandbox
    frame.get_by_role("button", name="Close").click()
    frame.locator("tr", has_text="eve").locator(".autograde a").click()
    frame.get_by_text("There was an error autograding").wait_for()
    assert "eve was not graded: broken JSON" in frame.locator(".modal-body").inner_text()
    frame.locator("tr", has_text="eve").get_by_text("needs autograding").wait_for()


@pytest.mark.browser
def test_what_a_student_hands_in_acts_neither_in_formgrader_nor_in_feedback(office: Office) -> None:
    frame = autograde(office.open("lab"), "mallory")
    frame.get_by_text("Successfully autograded").wait_for()
    rows = NbGraderAPI(config=office.course.config).get_notebook_submissions(SET, SET)
    page = office.open(f"formgrader/submissions/{next(row['id'] for row in rows if row['student'] == 'mallory')}/")
    shown = page.locator("#notebook")
    shown.get_by_text("Plain words").first.wait_for()
    for element in shown.locator("b, a").all():
        element.dispatch_event("mouseover")
        element.dispatch_event("click")
    assert page.title() == SET and page.locator("#why").count() == 1 and page.locator("img").count() == 0
    assert "<img src=x" in page.locator(".name-shown").first.text_content()
    assert (
        shown.locator("script, iframe, svg, object, embed, form, img, [onerror], [onload], [onmouseover]").count() == 0
    )
    with Gradebook(office.course) as gradebook:
        mallory = next(score for score in gradebook.scores(SET) if score.student == "mallory")
    assert mallory.parts == {"double": 0, "scaled": 0, "plain": 0, "why": 0} and mallory.waiting == {"why"}
    frame.get_by_role("button", name="Close").click()
    frame.locator("tr", has_text="mallory").locator(".generate-feedback a").click()
    frame.get_by_text("Successfully generated feedback").wait_for()
    page.goto((office.course.feedback / "mallory" / SET / f"{SET}.html").as_uri())
    page.get_by_text("Plain words").wait_for()
    assert page.title() == "Feedback: Doubling, mallory"
    assert page.locator("script, iframe, svg, img, form, a:not([href^='#'])").count() == 0
    assert "HIDDEN" not in page.content() and "-1.5" not in page.content()


@pytest.mark.parametrize(
    "text",
    [
        "<script>grade()</script>",
        "<img src=x onerror=grade()>",
        "<svg onload=grade()>",
        "<iframe srcdoc='<script>grade()</script>'></iframe>",
        "[look](javascript:grade())",
        "[look](/formgrader/manage_students/<script>grade()<%2Fscript>)",
        "<a href='java\tscript:grade()'>look</a>",
        "<b id=why-comment class=score onclick=grade()>look</b>",
        "<style>body { display: none }</style>",
        "<form action=/formgrader/api/grade/1><input name=score></form>",
        "![dot](http://example.org/dot.png)",
        r"$\href{javascript:grade()}{x}$",
        "`<script>`</code><script>grade()</script>",
        "<math><mtext><table><mglyph><style><img src=x onerror=grade()>",
    ],
)
def test_what_a_student_writes_in_words_cannot_act_in_formgrader(text: str) -> None:
    class Elements(HTMLParser):
        def handle_starttag(self, tag, attrs):  # type: ignore[no-untyped-def]
            found.append((tag, attrs))

    found: list = []
    Elements().feed(html := safe_markdown(text))
    assert {tag for tag, _ in found} <= {"p", "a", "b", "code", "table", "div", "pre", "span"}
    assert [attributes for _, attributes in found if attributes] == []
    assert r"\href" not in html


def test_a_course_that_is_opened_later_is_shown_by_its_own_settings(course: Course, handed_out: NotebookNode) -> None:
    """*Formgrader (local)* opens a course below the server's folder; nbgrader keeps the exporter of the start."""
    from nbgrader.server_extensions.formgrader.base import BaseHandler

    config = find_course(course.root).config
    opened = {"nbgrader_formgrader": SimpleNamespace(config=config), "nbgrader_exporter": HTMLExporter()}
    handed_out.cells = [new_markdown_cell("<img src=x onerror=grade()>")]
    page, _ = BaseHandler.exporter.fget(SimpleNamespace(settings=opened)).from_notebook_node(handed_out)
    assert "&lt;img src=x" in page and "<img src=x" not in page


def test_ordinary_markdown_and_formulas_stay() -> None:
    html = safe_markdown("# A\n\n- **b** and $a < b$\n\n| c |\n|---|\n| [d](https://example.org) |")
    for part in ("<h1>A", "<strong>b</strong>", "$a &lt; b$", "<th>c</th>", "<a>d</a>"):
        assert part in html
