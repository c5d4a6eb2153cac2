"""A search that was killed goes on: every finished trial is one line of JSON on disk.

The first line says which search it is; each later one holds a trial. A line is written in one piece and flushed
to the disk before the search goes on, so that a kill can only tear the last one, which is then left out.
States of partly trained candidates lie beside it, in ``<journal>.states/``.
"""

import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.search.results import Trial

State = dict[str, Any]


class JournalNotice(UserWarning):
    r"""Something about a journal that one should know, and that does no harm.

    Examples
    --------
    >>> import warnings
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     file = Path(folder) / "search.jsonl"
    ...     size = file.write_text('{"search": "grid"}\n{"key": "0", "con')
    ...     journal = Journal(file, {"search": "grid"})
    ...     caught[0].category is JournalNotice, len(journal.lines)
    (True, 0)
    """


class Journal:
    """Trials by key, read from a file and appended to it; without a path, kept in memory.

    Parameters
    ----------
    path : path or None
        The file; its folder must exist. None: nothing is kept.
    search : dict
        What the search is (name, space, settings). A file that was begun with another one is refused.
    """

    def __init__(self, path: str | os.PathLike | None, search: dict[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.lines: dict[str, dict[str, Any]] = {}
        self.states: dict[str, State] = {}
        if self.path is None:
            return
        header = _plain(search)
        found = self._read() if self.path.exists() else []
        if not found:
            self._append(header)
        elif found[0] != header:
            raise ValueError(
                f"{self.path} belongs to another search ({_difference(found[0], header)}): "
                "choose another file, or delete it to start over"
            )
        self.lines = {line["key"]: line for line in found[1:]}

    def _read(self) -> list[dict[str, Any]]:
        """Return the whole lines, and cut off a torn last one."""
        assert self.path is not None
        content = self.path.read_bytes()
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            warnings.warn(
                f"{self.path}: the last line is incomplete (the search was killed while writing) and left out",
                JournalNotice,
                stacklevel=3,
            )
            with self.path.open("r+b") as file:
                file.truncate(len(content) - len(torn))
        return [self._parse(number, line) for number, line in enumerate(whole.splitlines(), 1)]

    def _parse(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            return json.loads(line)
        except ValueError as error:
            raise ValueError(
                f"{self.path}, line {number}: not JSON ({error}); delete that line, or the file to start over"
            ) from error

    def _append(self, line: dict[str, Any]) -> None:
        assert self.path is not None
        with self.path.open("ab") as file:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def find(self, key: str, config: dict[str, Any], epochs: int | None) -> Trial | None:
        """Return the trial with that key if it was made before, else None."""
        line = self.lines.get(key)
        if line is None:
            return None
        if line["config"] != _plain(config):
            raise ValueError(
                f"{self.path}: trial {key} was made with {line['config']}, this search wants {_plain(config)}: "
                "the seed or the objective has changed; choose another file"
            )
        return Trial(key, config, epochs, float(line["loss"]), line["seconds"])

    def add(self, trial: Trial, state: State | None = None) -> None:
        """Keep a finished trial: first the state it may go on from, then its line."""
        if state is not None:
            self._save_state(trial.key, state)
        if self.path is not None:
            self._append(
                {
                    "key": trial.key,
                    "config": _plain(trial.config),
                    "epochs": trial.epochs,
                    "loss": trial.loss if np.isfinite(trial.loss) else str(trial.loss),
                    "seconds": round(trial.seconds, 6),
                }
            )

    def _state_file(self, key: str) -> Path | None:
        return None if self.path is None else Path(f"{self.path}.states") / f"{key}.npz"

    def _save_state(self, key: str, state: State) -> None:
        arrays = {f"_{name}": np.asarray(value) for name, value in state.items()}
        odd = [name[1:] for name, array in arrays.items() if array.dtype.hasobject]
        if odd:
            raise TypeError(f"a state is a dict of arrays and numbers, but {odd[0]!r} is neither")
        file = self._state_file(key)
        if file is None:
            self.states[key] = {name[1:]: array for name, array in arrays.items()}
            return
        file.parent.mkdir(exist_ok=True)
        with file.with_suffix(".tmp").open("wb") as out:
            np.savez(out, **arrays)  # type: ignore[arg-type]
            out.flush()
            os.fsync(out.fileno())
        file.with_suffix(".tmp").replace(file)

    def state(self, key: str | None) -> State | None:
        """Return the state that a trial left, None if it left none (or it was dropped)."""
        if key is None:
            return None
        file = self._state_file(key)
        if file is None or not file.exists():
            return self.states.get(key)
        with np.load(file, allow_pickle=False) as arrays:
            return {name[1:]: arrays[name] for name in arrays.files}

    def drop_state(self, key: str) -> None:
        """Forget a state that nobody goes on from."""
        self.states.pop(key, None)
        file = self._state_file(key)
        if file is not None:
            file.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """Return the value as JSON gives it back: tuples as lists, NumPy numbers as numbers, other things as text."""

    def convert(thing: Any) -> Any:
        return thing.item() if isinstance(thing, np.generic) else repr(thing)

    return json.loads(json.dumps(value, default=convert))


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    names = [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]
    return ", ".join(f"{name} {found.get(name)!r}, wanted {wanted.get(name)!r}" for name in names[:2])
