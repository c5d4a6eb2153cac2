"""The build itself: strict, quick when nothing changed, and from packages that are pinned without naming a host."""

import json
import re
import sys
from pathlib import Path

import pytest
from book_site import NOTEBOOKS, ROOT, documents, is_notebook, run_build

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from descent_book.docstrings import PRIVATE, convert_tables, protect
from descent_book.freshness import fingerprint


@pytest.mark.slow
def test_second_build_has_nothing_to_do(site: Path) -> None:
    result = run_build()
    assert result.returncode == 0
    assert "0 added, 0 changed, 0 removed" in re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)


def test_every_notebook_page_leaves_its_executed_notebook(site: Path) -> None:
    for document in documents():
        assert (NOTEBOOKS / f"{document}.ipynb").exists() == is_notebook(document), document


def test_front_end_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert all("resolved" not in entry for entry in lock["packages"].values())


def test_docstring_characters_keep_their_width() -> None:
    line = "softsign   s/(1 + |s|)   a*b   w_"
    assert len(protect(line)) == len(line)
    assert not set(protect(line)) & {"|", "*"}


def test_markdown_table_becomes_a_list_table() -> None:
    bar = PRIVATE["|"]
    table = [line.replace("|", bar) for line in ("| a | b |", "|---|---|", "| 1 | |s| |")]
    assert convert_tables(table)[1:] == [
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - a",
        "     - b",
        "   * - 1",
        f"     - {bar}s{bar}",
        "",
    ]


def test_fingerprint_follows_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = fingerprint(tmp_path, ["*.py"])
    (tmp_path / "a.py").write_text("2")
    second = fingerprint(tmp_path, ["*.py"])
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, fingerprint(tmp_path, ["*.py"])}) == 3
