"""The errata of the decks: each entry says what the slide has and what is right, and a cell proves it."""

import re

import pytest
from book_site import ROOT, printed

ERRATA = "appendices/errata"
ENTRIES = re.findall(
    r"^### (.+?)\n(.*?)(?=^##|\Z)", (ROOT / "book" / f"{ERRATA}.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("title", "entry"), ENTRIES, ids=[title for title, _ in ENTRIES])
def test_entry_has_both_forms_and_a_cell(title: str, entry: str) -> None:
    parts = ("**On the slide.**", "**Right.**", "```{code-cell} python")
    places = [entry.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), title


@pytest.mark.timeout(600)  # the book may have to be built
def test_cells_prove_the_entries(site: object) -> None:
    text = printed(ERRATA)
    for line in (
        "(y − a)²: slide +4, measured -4.000",
        "y = 1: slide 3.0486, right 0.0486, PyTorch 0.0486",  # from logits: the loss of the other label
        "y = 0: slide 0.2535, with its minus -2.1269, right 2.1269, PyTorch 2.1269",
        "slide: 9 entries, the 1 at place 8",
        "L1 loss: weights that are zero 0, errors that are zero 8",
        "slide +5.58e-10, right -8.56e-04, measured -8.56e-04",
        "ELU at -6.0, noise 0.500 at its input: 0.001 at its output",
        "slide: response to a step after 59 and 60 samples: [0.1 0. ]",
        "slide: z = 2.1111, |H(z)| = 2.5688",
        "right: z = 0.4737, |H(z)| = 0.0000",
        "constant gradient 1, step 200: average 1.0000",  # Adam's filter: unit DC gain
        "slide:   [0.881 0.5   0.119]",  # the sigmoid that falls
        "g = 50.0: slide 22.361, right 3.162, PyTorch 3.162",
        "slide: distance from the minimum 3.676",  # the Hessian
    ):
        assert line in text
    risen = re.search(r"(\d+) of 499 steps raise the loss", text)
    assert risen and int(risen[1]) > 100
    twice, once = (
        float(re.search(rf"test images divided {name}: loss ([\d.]+)", text)[1])
        for name in ("once more, as in training", "once")
    )
    assert once > 20 * twice  # the double scaling
