"""A warmed process that forks students' processes: everything imported, the shell made, one thread.

``python -m autograder.zygote FD MODULE…`` serves one worker over the Unix socket FD. It holds no question, no answer
and no grade: what a student's process could find in its own memory is only what a student may know. Every megabyte
that it holds makes each fork slower, so it imports only the modules it is told to.
"""

from __future__ import annotations

import array
import codecs
import contextlib
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

SIGNALS = {signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp",
    "NBGRADER_EXECUTION": "autograde",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}
WARM_UP = (
    "import numpy as np\nnp.random.default_rng(0).normal(size=(3, 3)) @ np.eye(3)",
    "def answer(x):\n    raise NotImplementedError",
    "answer(1)",
)
TRIALS = {  # what a large module does at its first use, done before the fork
    "matplotlib": "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\naxes.plot([0, 1])\n"
    "axes.set_title('$x^2$')\nplt.show()",
    "sympy": "import sympy\nx = sympy.Symbol('x')\nstr(sympy.diff(sympy.exp(-x) * sympy.sin(x) / sympy.sqrt(x), x))",
}


def warm(modules: Sequence[str] = ()) -> Any:
    """Import what submissions import, run trial cells, and return the shell, as new."""
    import autograder.sandbox
    import autograder.server  # noqa: F401  (all imports happen before the fork)
    from autograder.seccomp import MACHINES, build_filter
    from autograder.shell import OUTPUTS, new_shell

    shell = new_shell()
    imports = [f"import {module}" for module in modules]
    trials = [TRIALS[name] for module in modules if (name := module.partition(".")[0]) in TRIALS]
    for source in [*imports, *WARM_UP, *trials]:
        shell.run_cell(source, store_history=True)
    for with_sockets in (True, False) if os.uname().machine in MACHINES else ():
        build_filter(os.uname().machine, with_sockets)
    codecs.lookup("ascii")
    shell.reset(new_session=True, aggressive=False)
    shell.execution_count = 1
    OUTPUTS.clear()
    return shell


def request_with_socket(control: socket.socket) -> tuple[dict[str, Any] | None, socket.socket | None]:
    """Receive one request, and the socket that came with it; None when the worker is gone."""
    size = array.array("i").itemsize
    data, ancillary, _, _ = control.recvmsg(65_536, socket.CMSG_SPACE(size))
    if not data:
        return None, None
    passed = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            passed.frombytes(content[: len(content) - len(content) % size])
    return json.loads(data), socket.socket(fileno=passed[0]) if passed else None


def serve(control: socket.socket, modules: Sequence[str] = ()) -> None:
    """Fork and end supervisors as the worker asks, until it goes away; then end those that are left."""
    shell = warm(modules)
    gc.collect()
    gc.freeze()
    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
    control.sendall(json.dumps({"ready": os.getpid(), "threads": threads}).encode())
    running = set[int]()
    while True:
        request, connection = request_with_socket(control)
        if request is None:
            break
        if connection is None:
            running.discard(request["end"])
            control.sendall(json.dumps(_end(request["end"])).encode())
            continue
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            _become_supervisor(request, connection, control, shell, parent)
        running.add(pid)
        connection.close()
        control.sendall(json.dumps({"pid": pid}).encode())
    for pid in running:
        _end(pid)


def _end(pid: int) -> dict[str, Any]:
    """End a supervisor with all that it supervises; return its status, CPU seconds and peak memory."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError:
        return {}
    return {"status": status, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss}


def _become_supervisor(
    request: dict[str, Any], connection: socket.socket, control: socket.socket, shell: Any, parent: int
) -> None:
    """Fork the student's process into its own namespaces, pass signals on, and sweep up after it."""
    try:
        control.close()
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        from autograder import sandbox

        namespaces = request["level"] == "namespaces"
        if namespaces:
            sandbox.unshare()
        sandbox.adopt_orphans()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        sandbox.die_with_parent(signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        number = os.getpid()
        student = os.fork()
        if student == 0:
            _become_student(request, connection, shell, number)
        connection.close()
        os._exit(_supervise(student))
    except BaseException:
        os._exit(70)


def _supervise(student: int) -> int:
    from autograder import sandbox

    def stop(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(student, signal.SIGKILL)

    def interrupt(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(student, signal.SIGINT)

    def end_answers(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(student, signal.SIGUSR2)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, interrupt)
    signal.signal(signal.SIGUSR2, end_answers)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    _, status = os.waitpid(student, 0)
    sandbox.end_orphans()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become_student(request: dict[str, Any], connection: socket.socket, shell: Any, number: int) -> None:
    """Shut this process in, forget what is not the student's, and serve the worker's messages."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.setsid()
        kept = connection.fileno()
        os.closerange(3, kept)
        os.closerange(kept + 1, 4096)
        from autograder import sandbox

        resources = sandbox.Resources(**request["resources"])
        sandbox.be_the_first_to_go()
        if request["level"] == "namespaces":
            sandbox.confine(resources, number)
            home = sandbox.HOME
        else:
            home = request["folder"]
            sandbox.restrict(resources, number, home, request["level"] == "landlock")
        sandbox.die_with_parent(signal.SIGKILL)
        os.environ.clear()
        os.environ.update(ENVIRONMENT, HOME=home, PATH=f"{sys.prefix}/bin:/usr/bin:/bin", **dict.fromkeys(THREADS, "1"))
        _serve_student(connection, shell, request["refuses"])
    finally:
        os._exit(0)


def _serve_student(connection: socket.socket, shell: Any, refuses: list[str]) -> None:
    import random

    import numpy as np

    from autograder.server import Server
    from course_lib.checks.remote import refuse

    random.seed()
    np.random.seed()  # noqa: NPY002  (a student's notebook may use the global generator)
    server = Server(connection, shell)
    for name in [name for name in sys.modules if name.partition(".")[0] == "autograder"]:
        del sys.modules[name]
    refuse(refuses)
    sys.path[:] = ["", *(path for path in sys.path if path and "autograder" not in path)]
    server.serve()


def main() -> None:
    """Entry point: serve the worker on the socket whose number is the first argument; the others are modules."""
    for name in THREADS:
        os.environ[name] = "1"
    os.environ.update(ENVIRONMENT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        serve(control, sys.argv[2:])


if __name__ == "__main__":
    main()
