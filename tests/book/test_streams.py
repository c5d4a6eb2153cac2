"""Printed text arrives in pieces; the page shows it as it was printed."""

import sys

from book_site import ROOT
from nbformat import NotebookNode

sys.path.insert(0, str(ROOT / "book" / "_ext"))

from descent_book.streams import joined


def piece(text: str, name: str = "stdout") -> NotebookNode:
    return NotebookNode(output_type="stream", name=name, text=text)


def test_a_line_cut_in_the_middle_is_whole_again() -> None:
    (whole,) = joined([piece("  by formula:"), piece(" [1. 2.]\n"), piece("done\n")])
    assert whole["text"] == "  by formula: [1. 2.]\ndone\n"


def test_pieces_stay_as_they_came_in_the_executed_notebook() -> None:
    first = piece("a")
    joined([first, piece("b")])
    assert first["text"] == "a"


def test_standard_error_and_results_are_kept_apart() -> None:
    result = NotebookNode(output_type="execute_result", data={}, metadata={}, execution_count=1)
    kept = joined([piece("a\n"), piece("warning\n", "stderr"), result, piece("b\n")])
    assert [output["output_type"] for output in kept] == ["stream", "stream", "execute_result"]
    assert kept[0]["text"] == "a\nb\n"
