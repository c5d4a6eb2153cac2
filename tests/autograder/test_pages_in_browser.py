"""Feedback pages and class report in a real browser: both schemes, desktop and phone, accessible, self-contained."""

from pathlib import Path

import pytest
from graded_class import SET, grade_by_hand, make_course, put, record
from nbformat.v4 import new_output

from autograder.feedback import write_feedback
from autograder.report import write_report

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = "<script>document.title = 'taken'</script>\u202e" + "z" + "\u0301" * 900 + "W" * 3000


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of a class of twelve with a hostile answer, a picture, a comment, and a quarantined submission."""
    course = make_course(tmp_path_factory.mktemp("course"))
    outputs = [new_output("stream", name="stdout", text=HOSTILE), new_output("display_data", data={"image/png": PIXEL})]
    for i in range(12):
        name = f"student-with-a-rather-long-name-{i:02}@university.example"
        put(course, record(name, double=0.5 * (i % 5), halve=i / 3, why=HOSTILE), {"double_answer": HOSTILE}, outputs)
        if i:
            grade_by_hand(course, name, i % 4, comment="A longer comment, in words. " * 9)
    put(course, record("eve", quarantine="broken JSON (line 1): the file was cut off or edited by hand"))
    return [*write_feedback(course, SET)[-2:], write_feedback(course, SET)[0], write_report(course, SET)]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_accessible_self_contained_and_fit(browser, pages, scheme, width):
    for file in pages:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        asked, errors = [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, errors=errors: errors.append(message.text))
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, file.name
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{file.name} with all details open"
        assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()] and errors == []
        assert "taken" not in page.title()
        page.add_script_tag(path=AXE)
        found = page.evaluate("rules => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })", RULES)
        assert [(f["id"], [node["target"] for node in f["nodes"]][:3]) for f in found["violations"]] == [], file.name
        context.close()
