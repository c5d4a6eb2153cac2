"""Open one page in a browser and write down all that the tests ask about it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
AXE_COLOURS = ["color-contrast", "link-in-text-block"]  # the second scheme differs in colours alone
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WAIT_FOR_MATH = "async () => { if (window.MathJax?.startup) await MathJax.startup.promise; }"
SCROLL_THROUGH = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 800) {
    scrollTo(0, y);
    await new Promise((done) => setTimeout(done, 10));
  }
  scrollTo(0, 0);
}"""
WIDGETS = 'script[type="application/vnd.jupyter.widget-view+json"]'
WIDGETS_DRAWN = f"""() => [...document.querySelectorAll('{WIDGETS}')].every(
    (view) => view.previousElementSibling?.querySelector("input, select, button, svg, canvas"))"""
RAW_MATH = """() => [...document.querySelectorAll(".math:not(div.highlight)")]
    .filter((math) => !math.querySelector("mjx-container")).map((math) => math.textContent.slice(0, 80))"""
MATH_ERRORS = """() => [...document.querySelectorAll("mjx-merror, [data-mjx-error]")]
    .map((error) => error.dataset.mjxError ?? error.textContent)"""
PICTURES_WITHOUT_WORDS = """() => [
    ...[...document.querySelectorAll("main figure img, main .cell_output img")].filter((image) => !image.alt.trim()),
    ...[...document.querySelectorAll("main svg")].filter((svg) =>
        !svg.closest("mjx-container, button, summary, [aria-hidden=true], .mathjax, .sd-summary-icon")
        && !svg.parentElement.closest("svg")
        && !(svg.getAttribute("role") === "img" && (svg.getAttribute("aria-label") || svg.querySelector("title")))),
].map((element) => element.outerHTML.slice(0, 120))"""
OVERFLOW = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .filter((element) => !element.closest("pre, mjx-container, .cell_output, .pst-scrollable-table-container"))
    .map((element) => element.outerHTML.slice(0, 120)).slice(0, 5)
    .concat([`page is ${document.documentElement.scrollWidth} wide`])"""


@dataclass
class Visit:
    """One page, as a reader's browser saw it."""

    url: str
    external: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    bytes_at_start: int = 0
    violations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    raw_math: list[str] = field(default_factory=list)
    math_errors: list[str] = field(default_factory=list)
    pictures_without_words: list[str] = field(default_factory=list)
    widgets: int = 0
    overflow: list[str] = field(default_factory=list)


def listen(page: Any, seen: Visit) -> None:
    """Write down requests, failures and errors from now on."""
    host = urlsplit(seen.url).netloc

    def note_request(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "file") and parts.netloc != host:
            seen.external.append(request.url)

    page.on("request", note_request)
    page.on("requestfailed", lambda request: seen.failed.append(f"{request.url} {request.failure}"))
    page.on("response", lambda r: seen.failed.append(f"{r.url} {r.status}") if r.status >= 400 else None)
    page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))


def counts(request: Any) -> bool:
    """Tell whether a request belongs to the weight of a page: the page itself, scripts, pictures, fonts."""
    return request.resource_type != "stylesheet"


def read_through(page: Any, seen: Visit) -> None:
    """Open the page, weigh it, then scroll through it and wait for what comes late."""
    sizes: list[int] = []
    page.on("requestfinished", lambda r: sizes.append(r.sizes()["responseBodySize"]) if counts(r) else None)
    page.goto(seen.url, wait_until="networkidle")
    page.evaluate(WAIT_FOR_MATH)
    seen.bytes_at_start = sum(sizes)
    page.evaluate(SCROLL_THROUGH)
    seen.widgets = page.locator(WIDGETS).count()
    if seen.widgets:
        page.wait_for_function(WIDGETS_DRAWN, timeout=20_000)


def report(widget: Any) -> str:
    """What a widget says of its state."""
    return widget.get_by_role("status").inner_text()


def violations(page: Any, scheme: str, rules: list[str]) -> list[dict[str, Any]]:
    """What axe finds in one colour scheme by the given rules or tags."""
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
    result = page.evaluate("rules => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })", rules)
    return [
        {
            "rule": found["id"],
            "why": found["help"],
            "where": [" ".join(map(str, node["target"])) for node in found["nodes"]],
        }
        for found in result["violations"]
    ]


def visit(browser: Any, url: str, axe: Path) -> Visit:
    """Visit one page at desktop width in both colour schemes, then at phone width."""
    seen = Visit(url)
    context = browser.new_context(viewport=DESKTOP, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    listen(page, seen)
    read_through(page, seen)
    seen.raw_math, seen.math_errors = page.evaluate(RAW_MATH), page.evaluate(MATH_ERRORS)
    seen.pictures_without_words = page.evaluate(PICTURES_WITHOUT_WORDS)
    page.add_script_tag(path=axe)
    seen.violations = {"light": violations(page, "light", AXE_TAGS), "dark": violations(page, "dark", AXE_COLOURS)}
    page.set_viewport_size(PHONE)
    seen.overflow = page.evaluate(OVERFLOW)
    context.close()
    return seen
