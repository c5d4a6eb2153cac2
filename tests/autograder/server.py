"""A private PostgreSQL: a cluster in a temporary folder, on a free port of this machine, not run by root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg

PLACES = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/pgsql/bin"
PASSWORD = "only-for-tests"


def find_programs() -> Path | None:
    """Folder of ``initdb`` and ``pg_ctl``: that on the path, else the newest in the usual places."""
    if shutil.which("initdb") and shutil.which("pg_ctl"):
        return Path(str(shutil.which("initdb"))).parent
    found = [folder for place in PLACES for folder in Path("/").glob(place.lstrip("/")) if (folder / "initdb").exists()]
    return max(found, default=None, key=lambda folder: (len(str(folder)), str(folder)))


class Server:
    """A running PostgreSQL; `stop` and `start` are what a reboot of its machine does to it."""

    def __init__(self, programs: Path) -> None:
        self.programs, self.databases = programs, 0
        self.folder = Path(tempfile.mkdtemp(prefix="descent-postgresql-"))
        self.data = self.folder / "data"
        self.as_user = _unprivileged(self.folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        word = self.folder / "password"
        word.write_text(PASSWORD, encoding="ascii")
        word.chmod(0o644)
        self._run("initdb", "-U", "course", "-A", "scram-sha-256", f"--pwfile={word}", "-E", "UTF8", "--locale=C", "-N")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -F"
        self._run("pg_ctl", "start", "-w", "-t", "60", "-o", options, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Stop it at once, as a loss of power would."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def remove(self) -> None:
        """Stop it and delete all that it wrote."""
        self.stop()
        shutil.rmtree(self.folder)

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        self.databases += 1
        name = f"class{self.databases}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        return f"postgresql+psycopg://course:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def _address(self, database: str) -> str:
        return f"postgresql://course:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        line = [str(self.programs / program), "-D", str(self.data), *arguments]
        with (self.folder / "commands").open("ab") as log:
            done = subprocess.run(line, cwd=self.folder, stdout=log, stderr=log, **self.as_user)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self.folder / 'commands').read_text(encoding='utf-8')[-2000:]}")


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Return whom to run PostgreSQL as, which refuses root, and give them the folder."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "env": {"PATH": os.environ["PATH"]}}
    raise RuntimeError("neither a user postgres nor nobody to run PostgreSQL as")
