"""API reference: the ``api`` directive documents every public module of a package, from docstrings.

Types that belong to other projects cannot be looked up without a network. A reference to what has no page here is
accepted, without a link, when importing shows that it exists; one that names nothing real still fails the build.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

OURS = ("course_lib", "autograder")
# packages with a page of their own
PAGES = ("course_lib.reference", "course_lib.accelerated", "course_lib.figures", "course_lib.widgets")


class Api(SphinxDirective):
    """``{api} package``: one section a public module; ``:shallow:`` leaves out packages with pages of their own."""

    required_arguments = 1
    has_content = False
    option_spec: ClassVar = {"shallow": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Parse one heading and one ``automodule`` for each module."""
        try:
            names = public_modules(importlib.import_module(self.arguments[0]), "shallow" in self.options)
        except ImportError as error:
            raise self.error(f"{self.arguments[0]} cannot be imported: {error}") from error
        lines = [line for name in names for line in section(name)]
        container = nodes.section()
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, container, match_titles=True)
        return container.children


def public_modules(package: ModuleType, shallow: bool) -> list[str]:
    """Names of the modules to document, in alphabetical order.

    A package that says in ``__all__`` what it offers is documented itself; of the others, their modules.
    """
    names = []
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if info.name.rpartition(".")[2].startswith("_") or (shallow and info.name in PAGES):
            continue
        module = importlib.import_module(info.name)
        offers_names = not info.ispkg or hasattr(module, "__all__")
        names += [info.name] if offers_names else public_modules(module, shallow)
    return names


def section(name: str) -> list[str]:
    """MyST lines that document one module; what has its place on another page is left out."""
    options = ["   :members:"]
    if elsewhere := at_home_elsewhere(importlib.import_module(name)):
        options.append(f"   :exclude-members: {', '.join(elsewhere)}")
    return [f"## `{name}`", "", "```{eval-rst}", f".. automodule:: {name}", *options, "```", ""]


def at_home_elsewhere(module: ModuleType) -> list[str]:
    """Names that a module offers of another package that has a page of its own."""
    homes = {name: str(getattr(getattr(module, name), "__module__", "")) for name in getattr(module, "__all__", ())}
    other = tuple(f"{page}." for page in PAGES if not module.__name__.startswith(page))
    return [name for name, home in homes.items() if home.startswith(other)]


def skip_foreign(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: dict) -> bool | None:
    """Leave out functions that another library has put into our classes, with docstrings of its own."""
    home = getattr(obj, "__module__", None)
    return True if callable(obj) and isinstance(home, str) and not home.startswith(OURS) else None


def resolve_names(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Resolve a Python name that stands where it is documented under another one, or elsewhere, or nowhere."""
    if node.get("refdomain") != "py":
        return None
    if isinstance(contnode, addnodes.literal_emphasis):  # a word of "n : array, shape (rows, columns)": no reference
        return contnode
    found = look_up(node["reftarget"], node.get("py:module"))
    if found is None:
        return None
    page = documented_as(found, node["reftarget"].rpartition(".")[2], env)
    if page:
        return make_refnode(app.builder, node["refdoc"], *page, contnode)
    return contnode


def documented_as(found: object, name: str, env: BuildEnvironment) -> tuple[str, str] | None:
    """Return page and anchor of the same object under another name, such as that of the package it is offered by."""
    for full_name, entry in env.domains["py"].objects.items():
        if full_name.rpartition(".")[2] == name and look_up(full_name, None) is found:
            return entry.docname, entry.node_id
    return None


def look_up(target: str, module: str | None) -> object | None:
    """Find ``target`` as an absolute name, or as a name inside ``module``."""
    for name in ([f"{module}.{target}"] if module else []) + [target, f"builtins.{target}"]:
        try:
            return pkgutil.resolve_name(name)
        except (ImportError, AttributeError, ValueError):
            continue
    return None


def setup(app: Sphinx) -> None:
    """Register the directive and the resolver of names."""
    app.add_directive("api", Api)
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("missing-reference", resolve_names)
