"""A problem set as other nbgrader courses have them: unmodified test cells of asserts, and answers to it."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from classroom import _marks, answered
from nbformat.v4 import new_code_cell, new_notebook

from autograder.execution import Graded, Task, grade, load_task
from autograder.kernel import Limits
from autograder.notebooks import released, write_notebook

SET = "hw1"
QUESTIONS = 'from autograder.questions import ProblemSet\nSET = ProblemSet("hw1", title="Homework", minutes=60{})\n'
LIMITS = Limits(cell=20, case=10, interrupt=1)
SETUP = "import numpy as np\nimport pandas as pd\nfrom collections import namedtuple"
HELPERS = """
import types
from numpy.testing import assert_allclose, assert_raises

def assert_close(got, expected, digits=6):
    assert abs(got - expected) < 10**-digits, f"expected {expected}, got {got}"

class Node:
    def __init__(self, value, after=None):
        self.value, self.after = value, after
"""


@dataclass(frozen=True)
class Exercise:
    """The right answer, the test cell, and wrong answers by what is wrong with them."""

    answer: str
    test: str
    wrong: dict[str, str]


EXERCISES = {
    "mean": Exercise(
        "def mean(values):\n    return sum(values) / len(values)",
        """
        assert mean([1, 2, 3]) == 2
        assert mean((1.5,)) == 1.5
        assert isinstance(mean([1, 2]), float)
        ### BEGIN HIDDEN TESTS
        assert_close(mean(range(101)), 50)
        np.testing.assert_raises(ZeroDivisionError, mean, [])
        ### END HIDDEN TESTS
        """,
        {
            "wrong number": "def mean(values):\n    return sum(values) // len(values) + 1",
            "None": "def mean(values):\n    print(sum(values) / len(values))",
            "another exception": "def mean(values):\n    assert values\n    return sum(values) / len(values)",
        },
    ),
    "normalize": Exercise(
        "def normalize(X):\n    return (X - X.mean(axis=0)) / X.std(axis=0)",
        """
        X = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 4.0]])
        before = X.copy()
        Z = normalize(X)
        assert Z.shape == X.shape and Z.dtype == np.float64
        assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
        assert np.allclose(Z.std(axis=0), 1)
        np.testing.assert_array_equal(X, before, err_msg="the argument was changed")
        """,
        {
            "other axis": "def normalize(X):\n    return (X - X.mean()) / X.std()",
            "in place": "def normalize(X):\n    X -= X.mean(axis=0)\n    X /= X.std(axis=0)\n    return X.copy()",
            "float32": "def normalize(X):\n    return ((X - X.mean(axis=0)) / X.std(axis=0)).astype('f4')",
        },
    ),
    "sort_in_place": Exercise(
        "def sort_in_place(items):\n    items.sort()",
        """
        items = [3, 1, 2]
        assert sort_in_place(items) is None
        assert items == [1, 2, 3]
        table = {"b": [2, 1]}
        sort_in_place(table["b"])
        assert table == {"b": [1, 2]}
        """,
        {"returns a copy": "def sort_in_place(items):\n    return sorted(items)"},
    ),
    "copied": Exercise(
        "def copied(items):\n    return list(items)",
        "items = [1, [2]]\nassert copied(items) == items and copied(items) is not items",
        {"the same list": "def copied(items):\n    return items"},
    ),
    "primes": Exercise(
        "def primes():\n    n = 2\n    while True:\n        if all(n % k for k in range(2, n)):\n            yield n\n"
        "        n += 1",
        """
        from itertools import islice
        found = primes()
        assert isinstance(found, types.GeneratorType)
        assert next(found) == 2
        assert list(islice(found, 4)) == [3, 5, 7, 11]
        """,
        {
            "a list": "def primes():\n    return [2, 3, 5, 7, 11]",
            "with 9": "def primes():\n    yield 2\n    n = 3\n    while True:\n        yield n\n        n += 2",
        },
    ),
    "Account": Exercise(
        """
class TooLittle(Exception):
    pass

class Account:
    def __init__(self, owner, balance=0):
        self.owner, self.balance = owner, balance
    def deposit(self, amount):
        self.balance += amount
        return self
    def withdraw(self, amount):
        if amount > self.balance:
            raise TooLittle(f"{self.owner} has {self.balance} only")
        self.balance -= amount
    def __add__(self, other):
        return Account(f"{self.owner} and {other.owner}", self.balance + other.balance)
    def __eq__(self, other):
        return self.balance == other.balance
    def __repr__(self):
        return f"Account({self.owner!r}, {self.balance})"
    def __mul__(self, factor):
        return Account(self.owner, self.balance * factor)
    def __len__(self):
        return self.balance
    def __iter__(self):
        return iter(["coin"] * self.balance)
""",
        """
        ada, bob = Account("Ada", 5), Account("Bob")
        assert ada.owner == "Ada" and bob.balance == 0
        assert ada.deposit(2) is ada
        assert ada.balance == len(ada) == 7
        assert repr(ada) == "Account('Ada', 7)"
        assert isinstance(ada, Account) and not isinstance(5, Account)
        both = ada + bob
        assert both == ada and both.owner == "Ada and Bob" and ada != bob
        assert (ada * 3).balance == 21
        assert list(ada) == ["coin"] * 7
        with assert_raises(TooLittle):
            bob.withdraw(1)
        try:
            bob.withdraw(1)
        except TooLittle as error:
            assert "Bob has 0" in str(error)
        bob.balance = 3
        bob.withdraw(1)
        assert bob.balance == 2 and hasattr(bob, "owner") and not hasattr(bob, "debts")
        with assert_raises(AttributeError):
            bob.debts
        """,
        {
            "no exception": "class TooLittle(Exception): pass\nclass Account:\n"
            "    def __init__(self, owner, balance=0):\n        self.owner, self.balance = owner, balance",
            "a name missing": "class Account:\n    pass",
        },
    ),
    "derivative": Exercise(
        "def derivative(f, x, h=1e-5):\n    return (f(x + h) - f(x - h)) / (2 * h)",
        """
        asked = []
        def square(x):
            asked.append(x)
            return x**2
        assert_close(derivative(square, 3.0), 6.0)
        assert len(asked) == 2
        assert_close(derivative(np.sin, 0.0), 1.0)
        assert_close(derivative(lambda x: derivative(np.exp, x), 0.0), 1.0, digits=4)
        """,
        {
            "one-sided": "def derivative(f, x, h=1e-3):\n    return (f(x + h) - f(x)) / h",
            "asks often": "def derivative(f, x, h=1e-5):\n    f(x)\n    return (f(x + h) - f(x - h)) / (2 * h)",
        },
    ),
    "memoized": Exercise(
        "def memoized(f):\n    known = {}\n    def inner(x):\n        if x not in known:\n            known[x] = f(x)\n"
        "        return known[x]\n    return inner",
        """
        asked = []
        @memoized
        def slow(x):
            asked.append(x)
            return x + 1
        assert slow(1) == slow(1) == 2 and slow(2) == 3
        assert asked == [1, 2]
        """,
        {"forgets": "def memoized(f):\n    return lambda x: f(x)"},
    ),
    "apply_to": Exercise(
        "def apply_to(f, n):\n    return f(n)",
        """
        def depth(n):
            return 0 if n == 0 else 1 + apply_to(depth, n - 1)
        assert apply_to(depth, 20) == 20
        for n, got in zip([1, 2], map(apply_to, [depth, depth], [1, 2])):
            assert got == n
        """,
        {
            "endless": "def apply_to(f, n):\n    return f(n + 1)",
            "ends the loop": "def apply_to(f, n):\n    if n < 3:\n        raise StopIteration\n    return n",
        },
    ),
    "counts": Exercise(
        "def counts(text):\n    return {(c, c.isalpha()): text.count(c) for c in text}",
        "assert counts('ab a') == {('a', True): 2, ('b', True): 1, (' ', False): 1}\nassert counts('') == {}",
        {"one off": "def counts(text):\n    return {(c, True): text.count(c) for c in text}"},
    ),
    "shapes": Exercise(
        "Point = namedtuple('Point', 'x y')\ndef shapes():\n"
        "    return {'points': {Point(1, 2)}, 'size': (3,), 'z': 1 + 2j}",
        """
        found = shapes()
        assert {p.x for p in found["points"]} == {1}
        assert found["size"] == (3,) and found["z"].imag == 2
        """,
        {"no set": "def shapes():\n    return {'points': [], 'size': (3,), 'z': 1 + 2j}"},
    ),
    "table": Exercise(
        "def table(names, ages):\n    return pd.DataFrame({'name': names, 'age': ages})",
        """
        frame = table(["Ada", "Bob"], [36, 41])
        pd.testing.assert_frame_equal(frame, pd.DataFrame({"name": ["Ada", "Bob"], "age": [36, 41]}))
        assert list(frame.columns) == ["name", "age"] and frame.age.mean() == 38.5
        """,
        {"text": "def table(names, ages):\n    return pd.DataFrame({'name': names, 'age': [str(a) for a in ages]})"},
    ),
    "greet": Exercise(
        "def greet(name):\n    print(f'Hello, {name}!')",
        """
        import contextlib, io
        with contextlib.redirect_stdout(io.StringIO()) as out:
            greet("Ada")
        assert out.getvalue() == "Hello, Ada!\\n"
        """,
        {"returns it": "def greet(name):\n    return f'Hello, {name}!'"},
    ),
    "length": Exercise(
        "def length(node):\n    return 0 if node is None else 1 + length(node.after)",
        "assert length(Node(1, Node(2))) == 2 and length(None) == 0",
        {"one off": "def length(node):\n    return 0 if node is None else length(node.after)"},
    ),
    "solution": Exercise(
        "solution = np.linalg.solve(np.eye(2), [1, 2])",
        "assert_allclose(solution, [1, 2])",
        {"not set": "solution = None", "other": "solution = [2, 1]"},
    ),
    "partial": Exercise(
        "def partial(x):\n    return x + 1",
        "earned = 0\nfor x in range(2):\n    if partial(x) == x + 1:\n        earned += 1\nearned",
        {"wrong": "def partial(x):\n    return x"},
    ),
}
RIGHT = {name: exercise.answer for name, exercise in EXERCISES.items()}


def build(folder: Path, settings: str = ", shared=('Node',)", only: tuple[str, ...] = tuple(RIGHT)) -> Task:
    """Write the set, or some of its exercises, as ``solutions/hw1`` below a folder and load it."""
    source = folder / "solutions" / SET
    source.mkdir(parents=True)
    (source / "questions.py").write_text(QUESTIONS.format(settings), encoding="utf-8")
    cells = [new_code_cell(SETUP), new_code_cell(HELPERS, metadata=_marks("helpers", locked=True))]
    for name, exercise in ((name, EXERCISES[name]) for name in only):
        answer = f"### BEGIN SOLUTION\n{exercise.answer}\n### END SOLUTION"
        cells += [
            new_code_cell(answer, metadata=_marks(f"{name}_answer", solution=True)),
            new_code_cell(dedent(exercise.test).strip(), metadata=_marks(name, locked=True, grade=True, points=2)),
        ]
    for index, cell in enumerate(cells):
        cell["id"] = f"cell-{index}"
    notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    (source / f"{SET}.ipynb").write_bytes(write_notebook(notebook))
    return load_task(source)


def hand_in(task: Task, level: str = "", **answers: str) -> Graded:
    """Grade the right answers but for those given."""
    return grade("ada", answered(released(task.notebook), **{**RIGHT, **answers}), task, LIMITS, level)


def points(graded: Graded) -> dict[str, float]:
    return {question.name: question.points for question in graded.record.questions}
