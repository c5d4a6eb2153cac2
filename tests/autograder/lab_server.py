"""A JupyterLab of its own for browser tests: free loopback port, token, its own settings, gone afterwards."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

PATIENCE = 120.0
TRIES = 3


@contextmanager
def lab_server(root: Path, home: Path) -> Iterator[str]:
    """Serve folder `root` while the block runs, with settings and runtime files below `home`; yield its address."""
    home.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(16)
    for last in (False,) * (TRIES - 1) + (True,):
        port = _free_port()
        process = _start(root, home, port, token)
        try:
            if _answers(process, port, token):
                yield f"http://127.0.0.1:{port}/{{}}?token={token}"
                return
        finally:
            _stop(process)
        if last:
            raise RuntimeError(f"JupyterLab did not start:\n{(home / 'log').read_text(encoding='utf-8')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(root: Path, home: Path, port: int, token: str) -> subprocess.Popen:
    own = {f"JUPYTER_{kind.upper()}_DIR": str(home / kind) for kind in ("config", "data", "runtime")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **own, "HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "PATH": path}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", "--ServerApp.allow_root=True", f"--IdentityProvider.token={token}",
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with (home / "log").open("w", encoding="utf-8") as log:
        return subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log, start_new_session=True)


def _answers(process: subprocess.Popen, port: int, token: str) -> bool:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token}", timeout=10):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _stop(process: subprocess.Popen) -> None:
    """Ask the server to end, which ends its kernels; then end whatever of it is left."""
    try:
        started = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, left = psutil.wait_procs(started, timeout=5)
    for child in left:
        child.kill()
