"""A line of text is not broken between a formula and what touches it."""

import sys

import pytest
from book_site import ROOT
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.utils import new_document

sys.path.insert(0, str(ROOT / "book" / "_ext"))

from descent_book.together import Together


def changed(*children: nodes.Node) -> nodes.paragraph:
    document = new_document("page", get_default_settings())
    document += nodes.paragraph("", "", *children)
    Together(document).apply()
    return document[0]


def formula() -> nodes.math:
    return nodes.math("x", "x")


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("so is ", ". Then", "x."),
        ("the ", "-axis, and", "x-axis,"),
        ("here (", ") too", "(x)"),
        ("non-", " is", "non-x"),
    ],
)
def test_what_touches_a_formula_stays_with_it(before: str, after: str, kept: str) -> None:
    paragraph = changed(nodes.Text(before), formula(), nodes.Text(after))
    (span,) = paragraph.findall(nodes.inline)
    assert span["classes"] == ["kept"] and span.astext() == kept
    assert paragraph.astext() == f"{before}x{after}"


def test_a_formula_between_blanks_is_left_alone() -> None:
    assert not list(changed(nodes.Text("so "), formula(), nodes.Text(" is")).findall(nodes.inline))


def test_two_formulas_that_share_what_is_between_them() -> None:
    paragraph = changed(formula(), nodes.Text("/"), formula(), nodes.Text("."))
    assert [span.astext() for span in paragraph.findall(nodes.inline)] == ["x/", "x."]
    assert paragraph.astext() == "x/x."
