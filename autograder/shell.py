"""An IPython shell without sockets, whose outputs are kept as data."""

from __future__ import annotations

import ast
import base64
import io
import subprocess
import warnings
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Instance, Type
from traitlets.config import Config

MAX_OUTPUT = 200_000


class Outputs:
    """The outputs of one cell, as nbformat has them, cut off after `MAX_OUTPUT` characters."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.items: list[dict[str, Any]] = []
        self.room = MAX_OUTPUT

    def stream(self, name: str, text: str) -> None:
        """Add text to a stream."""
        text = text[: max(self.room, 0)]
        self.room -= len(text)
        if not text:
            return
        last = self.items[-1] if self.items else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self.items.append({"output_type": "stream", "name": name, "text": text})

    def add(self, kind: str, data: dict[str, Any], metadata: dict[str, Any] | None, **more: Any) -> None:
        """Add a display or a result."""
        readable = {str(mime): _readable(content) for mime, content in data.items()}
        self.room -= sum(map(len, readable.values()))
        if self.room > 0:
            self.items.append({"output_type": kind, "data": readable, "metadata": {}, **more})

    def error(self, kind: type, value: object, lines: list[str]) -> None:
        """Add an exception, whatever room is left."""
        try:
            text = str(value)
        except Exception:
            text = ""
        traceback = [line[:5000] for line in lines[-30:]]
        self.items.append(
            {"output_type": "error", "ename": kind.__name__[:200], "evalue": text[:2000], "traceback": traceback}
        )


def _readable(content: Any) -> str:
    if isinstance(content, bytes):
        return base64.b64encode(content).decode("ascii")
    return content if isinstance(content, str) else str(content)


OUTPUTS = Outputs()


class Stream(io.TextIOBase):
    """What stands for stdout or stderr while a cell runs."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Name of the encoding, as text streams have it."""
        return "utf-8"

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep text as an output of the cell."""
        OUTPUTS.stream(self.name, str(text))
        return len(text)


class Publisher(DisplayPublisher):
    """Keeps what is displayed."""

    def publish(self, data: dict, metadata: dict | None = None, *_: Any, **__: Any) -> None:
        """Keep a display."""
        OUTPUTS.add("display_data", data, metadata)


class Hook(DisplayHook):
    """Keeps the value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        """Write nothing: the notebook shows the number."""

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        """Keep a result."""
        OUTPUTS.add("execute_result", format_dict, md_dict, execution_count=self.prompt_count)

    def finish_displayhook(self) -> None:
        """Finish without writing."""


class Shell(InteractiveShell):
    """IPython's shell with everything that it shows kept in `OUTPUTS`."""

    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)
    parent = Instance(object, allow_none=True)

    def transform_cell(self, raw_cell: str) -> str:
        """Turn magics and shell commands into Python; leave alone what is Python already, which takes no time."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(raw_cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return super().transform_cell(raw_cell)
        return raw_cell if raw_cell.endswith("\n") else f"{raw_cell}\n"

    def _showtraceback(self, etype: type, evalue: object, stb: list[str]) -> None:
        OUTPUTS.error(etype, evalue, stb)

    def system(self, cmd: str) -> None:
        """Run a shell command without a terminal and keep what it prints."""
        done = subprocess.run(
            self.var_expand(cmd, depth=1), shell=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )  # fmt: skip
        print(done.stdout, end="")
        self.user_ns["_exit_code"] = done.returncode

    def enable_gui(self, gui: str | None = None) -> None:
        """Ignore requests for an event loop: nothing is shown on a screen."""


def new_shell() -> Shell:
    """Make the one shell of this process; done before the fork, so that each submission gets it ready."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"  # five times faster than with the lines around each failing one
    config.InteractiveShell.autoindent = False
    return Shell.instance(config=config)
