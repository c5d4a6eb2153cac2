"""The ``self-check`` directive: a question with one right answer, checked at once, in the page, without a kernel.

The body is the question and, last, a list of answers; ``[x]`` marks the right one, and what follows the first
paragraph of an answer is its explanation::

    ```{self-check}
    :name: check-square
    What is the derivative of $x^2$ at $x = 3$?

    - [ ] 3

      That is $x$ itself.
    - [x] 6

      The derivative is $2x$.
    ```

Without JavaScript the explanations stand in a ``<details>`` block below the answers.
"""

from collections.abc import Callable
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

RIGHT, WRONG = "[x]", "[ ]"


class CheckForm(nodes.General, nodes.Element):
    """The whole self-check: question, answers, reasons; ``group`` names its radio buttons."""


class CheckQuestion(nodes.Part, nodes.TextElement):
    """The first paragraph of the question; it becomes the legend of the radio buttons."""


class CheckAnswer(nodes.Part, nodes.TextElement):
    """One answer; ``group`` and ``key`` name its radio button, ``letter`` stands before it."""


class CheckReasons(nodes.Part, nodes.Element):
    """The explanations, in the order of the answers."""


class CheckReason(nodes.Part, nodes.Element):
    """Why the answer called ``key`` is ``right`` or not."""


class SelfCheck(SphinxDirective):
    """Parse the body of a self-check into nodes."""

    has_content = True
    option_spec: ClassVar = {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the form, or stop with a message that says which rule was broken."""
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        if len(body) < 2 or not isinstance(body[0], nodes.paragraph) or not isinstance(body[-1], nodes.bullet_list):
            raise self.error("a self-check is a question, a paragraph first, and then a list of answers")
        group = f"self-check-{self.env.new_serialno('self-check')}"
        answers, reasons = zip(*(self.split(item, group, i) for i, item in enumerate(body[-1], 1)), strict=True)
        right = sum(reason["right"] for reason in reasons)
        if right != 1:
            raise self.error(f"a self-check has one right answer, marked {RIGHT}; found {right} of {len(answers)}")
        question = CheckQuestion("", "", *body[0].children)
        form = CheckForm("", question, *body[1:-1], *answers, CheckReasons("", *reasons), group=group)
        self.set_source_info(form)
        self.add_name(form)
        return [form]

    def split(self, item: nodes.list_item, group: str, number: int) -> tuple[CheckAnswer, CheckReason]:
        """Split one list item into the answer (its first paragraph) and the explanation (the rest)."""
        answer, *explanation = item.children
        mark = answer.astext()[:3]
        if mark not in (RIGHT, WRONG) or not explanation:
            raise self.error(
                f"answer {number} of a self-check must begin with {RIGHT} or {WRONG} and have its explanation in a "
                f"paragraph of its own, got {item.astext()[:60]!r}"
            )
        answer[0] = nodes.Text(answer[0].astext()[3:].lstrip())
        key = f"{group}-{number}"
        return (
            CheckAnswer("", "", *answer.children, group=group, key=key, letter=chr(ord("A") + number - 1)),
            CheckReason("", *explanation, key=key, right=mark == RIGHT),
        )


def visit_form(self: HTML5Translator, node: CheckForm) -> None:
    """Open the form and the group of radio buttons."""
    self.body.append(self.starttag(node, "form", CLASS="self-check") + "<fieldset>\n")


def visit_question(self: HTML5Translator, node: CheckQuestion) -> None:
    """Say what this is, then ask."""
    self.body.append('<legend><span class="self-check-title">Self-check</span> ')


def visit_answer(self: HTML5Translator, node: CheckAnswer) -> None:
    """Write a radio button and open its label."""
    button = f'<input type="radio" name="{node["group"]}" id="{node["key"]}" value="{node["key"]}">'
    self.body.append(
        f'<div class="self-check-answer">{button}<label for="{node["key"]}">'
        f'<span class="self-check-letter">{node["letter"]}</span> '
    )


def visit_reasons(self: HTML5Translator, node: CheckReasons) -> None:
    """Close the group; the button waits for its script, the details serve readers without one."""
    self.body.append(
        '</fieldset>\n<button type="submit" class="self-check-button" hidden>Check</button>\n'
        '<div class="self-check-result" role="status"></div>\n'
        '<details class="self-check-reasons"><summary>Answer</summary>\n<ol>\n'
    )


def visit_reason(self: HTML5Translator, node: CheckReason) -> None:
    """Open one explanation with its verdict."""
    verdict = "Right." if node["right"] else "Not this one."
    self.body.append(
        f'<li data-answer="{node["key"]}" data-right="{str(node["right"]).lower()}">'
        f'<p class="self-check-verdict">{verdict}</p>\n'
    )


def closing(html: str) -> Callable[[HTML5Translator, nodes.Element], None]:
    """Return a function that ends a node with ``html``."""
    return lambda self, node: self.body.append(html + "\n")


def setup(app: Sphinx) -> None:
    """Register the nodes, the directive and its script."""
    app.add_node(CheckForm, html=(visit_form, closing("</form>")))
    app.add_node(CheckQuestion, html=(visit_question, closing("</legend>")))
    app.add_node(CheckAnswer, html=(visit_answer, closing("</label></div>")))
    app.add_node(CheckReasons, html=(visit_reasons, closing("</ol>\n</details>")))
    app.add_node(CheckReason, html=(visit_reason, closing("</li>")))
    app.add_directive("self-check", SelfCheck)
    app.add_js_file("self-check.js", loading_method="defer")
