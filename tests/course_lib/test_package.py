"""The house rules of the library: arrows point down, imports are light, everything public is documented."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import course_lib
from course_lib.checks.borrowing import imported_modules

PACKAGE = Path(course_lib.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "matplotlib", "scipy", "sklearn", "sympy", "pandas", "pooch", "tqdm", "anywidget", "autograder")


def names(file: Path) -> list[str]:
    """Modules that a file imports, relative ones resolved."""
    return imported_modules(ast.parse(file.read_text("utf-8")))


def imported_at_once(file: Path) -> list[str]:
    """Modules that importing a file imports: what its functions import when they are called is left out."""
    body = [node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return imported_modules(ast.Module(body, []))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_the_library_does_not_import_the_autograder(file: Path) -> None:
    assert not [name for name in names(file) if name.partition(".")[0] == "autograder"]


@pytest.mark.parametrize("file", sorted((PACKAGE / "reference").rglob("*.py")), ids=lambda file: file.stem)
def test_reference_is_numpy_and_knows_nothing_above_it(file: Path) -> None:
    above = ("accelerated", "training", "callbacks", "figures", "widgets", "search", "estimators")
    assert "torch" not in {name.partition(".")[0] for name in names(file)}
    assert not [
        name for name in imported_at_once(file) if name.startswith(tuple(f"course_lib.{part}" for part in above))
    ]


def light_modules() -> list[str]:
    """Modules that a page may import without paying for a plotting or learning library."""
    drawn = ("course_lib.figures", "course_lib.widgets", "course_lib.estimators", "course_lib.accelerated")
    found = [info.name for info in pkgutil.walk_packages(course_lib.__path__, "course_lib.")]
    return [name for name in found if not name.startswith(drawn)]


def test_no_light_module_imports_a_heavy_library() -> None:
    loading = f"import importlib\nfor name in {light_modules()!r}: importlib.import_module(name)"
    code = f"{loading}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_importing_the_library_takes_no_time_to_speak_of() -> None:
    """0.3 s on an idle machine; CPU time of the import alone, so that a busy one does not matter."""
    code = "import time; t = time.process_time(); import course_lib; print(time.process_time() - t)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(result.stdout) < 0.3


def public_objects() -> list[object]:
    found: list[object] = []
    for info in pkgutil.walk_packages(course_lib.__path__, "course_lib."):
        if "._" in info.name:
            continue
        module = importlib.import_module(info.name)
        found.append(module)
        for name, value in vars(module).items():
            defined_here = getattr(value, "__module__", None) == module.__name__
            if defined_here and not name.startswith("_") and (inspect.isclass(value) or inspect.isfunction(value)):
                found.append(value)
    return found


def test_everything_public_has_a_docstring() -> None:
    missing = [
        f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value)}"
        for value in public_objects()
        if not (inspect.getdoc(value) or "").strip()
    ]
    assert missing == []
