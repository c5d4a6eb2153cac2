"""The sandbox: what each isolation level keeps from a submission, tried from inside."""

import ast
import itertools
import os
import struct
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from classroom import ROOT

import course_lib
from autograder import landlock, sandbox
from autograder.forked_kernel import ForkedKernel
from autograder.isolation import LEVELS, best_level, offers
from autograder.kernel import Limits, Setting
from autograder.sandbox import FIRST_UID, HOME, UIDS, Resources
from autograder.seccomp import MACHINES, build_filter

FORKED = [level for level in LEVELS if level != "stock"]
SMALL = Resources(memory=2**30, files=2**20, processes=20, cpu_seconds=7)
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="isolation levels are Linux's")


def _kernel(level: str) -> Iterator[ForkedKernel]:
    if not offers(level):
        pytest.skip(f"this machine does not offer isolation level {level!r}")
    setting = Setting(Limits(start=60, cell=30), {"data.csv": b"1,2"}, ("course_lib.reference",))
    with ForkedKernel(level, setting, SMALL) as kernel:
        yield kernel


@pytest.fixture
def shut_in() -> Iterator[ForkedKernel]:
    """A process at the level of namespaces."""
    yield from _kernel("namespaces")


@pytest.fixture
def behind_landlock() -> Iterator[ForkedKernel]:
    """A process at the level of Landlock."""
    yield from _kernel("landlock")


@pytest.fixture(params=FORKED)
def any_level(request: pytest.FixtureRequest) -> Iterator[ForkedKernel]:
    """A process at each forked level."""
    yield from _kernel(request.param)


def told(kernel: ForkedKernel, source: str) -> object:
    """Run a cell whose last line is an expression and return its value, a plain literal."""
    run = kernel.run(source)
    assert run.error == "", run.error
    return ast.literal_eval(next(out for out in run.outputs if out.output_type == "execute_result").data["text/plain"])


def lines_of(source: str) -> str:
    return textwrap.dedent(source).strip()


def failure(kernel: ForkedKernel, source: str) -> str:
    return kernel.run(source).error


# ---------------------------------------------------------------- every forked level


def test_student_code_is_never_root(any_level: ForkedKernel) -> None:
    ids = told(any_level, "import os\n[*os.getresuid(), *os.getresgid(), *os.getgroups()]")
    assert isinstance(ids, list)
    assert 0 not in ids
    if os.getuid() == 0:
        assert all(FIRST_UID <= number < FIRST_UID + UIDS for number in ids)


def test_no_privilege_is_left_and_none_can_be_gained(any_level: ForkedKernel) -> None:
    source = """
    lines = [line.split() for line in open('/proc/self/status')]
    {line[0]: line[1] for line in lines if len(line) == 2}
    """
    status = told(any_level, lines_of(source))
    assert isinstance(status, dict)
    assert {int(status[f"Cap{name}:"], 16) for name in ("Prm", "Eff", "Inh", "Amb")} == {0}
    assert (status["NoNewPrivs:"], status["Seccomp:"]) == ("1", "2")


def test_limits_are_those_of_the_submission(any_level: ForkedKernel) -> None:
    names = ("AS", "FSIZE", "CPU", "CORE")
    limits = told(
        any_level, f"import resource\n[resource.getrlimit(getattr(resource, 'RLIMIT_' + n)) for n in {names}]"
    )
    assert limits == [(n, n) for n in (SMALL.memory, SMALL.files, SMALL.cpu_seconds, 0)]


def test_memory_ends_at_the_limit(any_level: ForkedKernel) -> None:
    assert failure(any_level, f"bytearray({SMALL.memory})") == "MemoryError"
    assert told(any_level, "len(bytearray(2**20))") == 2**20


def test_a_file_ends_at_the_limit(any_level: ForkedKernel) -> None:
    assert "Error" in failure(
        any_level, f"open('large', 'wb', 0).write(bytes({SMALL.files}))\nopen('large', 'ab', 0).write(b'x')"
    )
    assert told(any_level, "import os\nos.remove('large')\nopen('small', 'wb').write(b'x')") == 1


def test_the_grader_s_environment_is_gone_from_memory_too(any_level: ForkedKernel) -> None:
    names = told(any_level, "import os\nsorted(os.environ)")
    assert isinstance(names, list)
    assert not {"PYTEST_CURRENT_TEST", "DESCENT_ISOLATION"} & set(names)
    search = """
    import ctypes
    area = next(line.split()[0] for line in open('/proc/self/maps') if '[stack]' in line)
    start, end = (int(part, 16) for part in area.split('-'))
    b'PYTEST_CURRENT_TEST' in ctypes.string_at(start, end - start)
    """
    assert told(any_level, lines_of(search)) is False


def test_only_the_wall_is_left_open(any_level: ForkedKernel) -> None:
    source = """
    import os
    files = [f'/proc/self/fd/{number}' for number in range(64)]
    [os.readlink(file) for file in files if os.path.islink(file)]
    """
    links = told(any_level, lines_of(source))
    assert isinstance(links, list)
    harmless = (
        "/dev/null",
        sys.prefix,
        sys.base_prefix,
    )  # folders kept open to be read where the way to them is closed
    assert [link.partition(":")[0] for link in links if link not in harmless] == ["socket"]


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"])
def test_sockets_of_the_network_are_refused(any_level: ForkedKernel, family: str) -> None:
    assert failure(any_level, f"import socket\nsocket.socket(socket.{family})").startswith("PermissionError")


@pytest.mark.parametrize(
    "call",
    [
        "ptrace(0, 0, 0, 0)",
        "unshare(0x10000000)",
        "mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "chroot(b'/')",
        "setns(0, 0)",
    ],
)
def test_system_calls_that_no_notebook_needs_are_refused(any_level: ForkedKernel, call: str) -> None:
    assert told(
        any_level, f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n(libc.{call}, ctypes.get_errno())"
    ) == (-1, 1)


def test_threads_and_processes_still_start(any_level: ForkedKernel) -> None:
    source = """
    import subprocess, threading
    thread = threading.Thread(target=list)
    thread.start()
    thread.join()
    subprocess.run(['true']).returncode
    """
    assert told(any_level, lines_of(source)) == 0


# ---------------------------------------------------------------- namespaces


def test_only_its_own_processes_are_in_sight(shut_in: ForkedKernel) -> None:
    assert told(shut_in, "import os\n[int(name) for name in os.listdir('/proc') if name.isdigit()]") == [1]


def test_home_holds_the_submission_s_files_only_and_nobody_else_can_enter(shut_in: ForkedKernel) -> None:
    assert told(shut_in, "import os\nos.getcwd(), os.path.expanduser('~'), os.environ['HOME']") == (HOME,) * 3
    assert "data.csv" in told(shut_in, "import os\nos.listdir('.')")  # type: ignore[operator]
    assert told(shut_in, "import os\nos.listdir('/home'), os.stat('.').st_mode & 0o777") == (["student"], 0o700)


def test_nothing_of_the_repository_but_the_library_is_in_sight(shut_in: ForkedKernel) -> None:
    wanted = [str(ROOT / name) for name in ("solutions", "exercises", "grading", "autograder", "tests", ".git", "book")]
    assert told(shut_in, f"import os\n[path for path in {wanted} if os.path.exists(path)]") == []
    package = str(Path(course_lib.__file__).parent)
    assert told(shut_in, f"import os\nsorted(os.listdir({package!r}))[:1] != []") is True


@pytest.mark.parametrize("module", ["reference", "accelerated"])
def test_answers_of_the_library_are_hidden(shut_in: ForkedKernel, module: str) -> None:
    folder = str(Path(course_lib.__file__).parent / module)
    assert told(shut_in, f"import os\nos.path.isdir({folder!r}) and os.listdir({folder!r}) or []") == []
    assert told(shut_in, f"import sys\n[name for name in sys.modules if name.startswith('course_lib.{module}')]") == []


def test_other_homes_and_secrets_are_not_there(shut_in: ForkedKernel) -> None:
    paths = (
        "/root/.ssh",
        "/etc/shadow",
        "/etc/hosts",
        "/var",
        "/run",
        "/mnt",
        "/old",
        "/tmp/.X11-unix",
        str(Path.home() / ".bashrc"),
    )
    assert told(shut_in, f"import os\n[path for path in {paths} if os.path.exists(path)]") == []
    assert told(shut_in, "import os\nlen(open('/etc/passwd').read().splitlines())") == 1


def test_only_home_and_temporary_folders_can_be_written(shut_in: ForkedKernel) -> None:
    source = """
    import os
    def writable(folder):
        try:
            open(os.path.join(folder, 'x'), 'w').close()
        except OSError:
            return False
        return True
    top = ['/' + name for name in os.listdir('/')]
    """
    packages = str(Path(pytest.__file__).parent)
    found = told(shut_in, f"{lines_of(source)}\n[f for f in [*top, '/', '.', '/dev/shm', {packages!r}] if writable(f)]")
    assert found == ["/tmp", ".", "/dev/shm"]


def test_the_network_has_no_way_out(shut_in: ForkedKernel) -> None:
    assert told(shut_in, "[line.split(':')[0].strip() for line in open('/proc/net/dev')][2:]") == ["lo"]


def test_processes_end_at_the_limit_and_with_the_submission(shut_in: ForkedKernel) -> None:
    source = """
    import os, time
    started = 0
    try:
        for started in range(200):
            if os.fork() == 0:
                time.sleep(60)
    except OSError:
        pass
    started
    """
    count = told(shut_in, lines_of(source))
    assert isinstance(count, int)
    assert 0 < count <= SMALL.processes


# ---------------------------------------------------------------- Landlock


def test_files_that_are_not_named_cannot_be_opened(behind_landlock: ForkedKernel, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "open to all").write_text("secret", encoding="utf-8")
    (tmp_path / "open to all").chmod(0o666)
    for name in (
        str(tmp_path / "open to all"),
        "/etc/passwd",
        str(ROOT / "pyproject.toml"),
        f"/proc/{os.getpid()}/maps",
    ):
        assert failure(behind_landlock, f"open({name!r})").startswith("PermissionError")
    for name in (str(tmp_path / "new"), "/tmp/new", "/dev/shm/new", "/var/tmp/new"):
        assert failure(behind_landlock, f"open({name!r}, 'w')").startswith("PermissionError")
    assert told(behind_landlock, "import tempfile\nopen(tempfile.mkdtemp() + '/own', 'w').write('x')") == 1


def test_answers_of_the_library_cannot_be_opened(behind_landlock: ForkedKernel) -> None:
    for module in ("reference", "accelerated"):
        folder = Path(course_lib.__file__).parent / module
        assert failure(behind_landlock, f"open({str(folder / '__init__.py')!r})").startswith("PermissionError")
    assert told(behind_landlock, "import course_lib.data\n1") == 1


@pytest.mark.parametrize("family", ["AF_UNIX", "AF_INET"])
def test_no_socket_but_a_connected_pair_can_be_made(behind_landlock: ForkedKernel, family: str) -> None:
    assert failure(behind_landlock, f"import socket\nsocket.socket(socket.{family})").startswith("PermissionError")
    assert told(behind_landlock, "a, b = socket.socketpair()\na.send(b'x')") == 1


def test_other_processes_get_no_signal(behind_landlock: ForkedKernel) -> None:
    if landlock.version() < landlock.SCOPES_SINCE and os.getuid() != 0:
        pytest.skip(f"Landlock {landlock.version()} cannot keep signals from processes of the same user")
    assert failure(behind_landlock, f"import os\nos.kill({os.getpid()}, 0)").startswith("PermissionError")


def test_what_landlock_can_forbid_grows_with_its_version() -> None:
    known = [landlock.handled(number) for number in range(1, 8)]
    assert all(a & b == a for old, new in itertools.pairwise(known) for a, b in zip(old, new, strict=True))
    assert known[-1] == (0xFFFF, 3, 3)


# ---------------------------------------------------------------- two submissions at once


@linux
def test_two_submissions_at_once_do_not_share_a_user() -> None:
    if os.getuid() != 0 or not offers("namespaces"):
        pytest.skip("students have users of their own only where the grader is root")
    kernels = [ForkedKernel("namespaces", Setting(Limits())) for _ in range(2)]
    with kernels[0] as first:
        one = told(first, "import os\nos.getuid()")
    with kernels[1] as second:
        assert told(second, "import os\nos.getuid()") != one


def test_a_level_named_by_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    best_level.cache_clear()
    monkeypatch.setenv("DESCENT_ISOLATION", "stock")
    assert best_level() == "stock"
    best_level.cache_clear()
    monkeypatch.setenv("DESCENT_ISOLATION", "none")
    with pytest.raises(ValueError, match="must be one of namespaces, landlock, limits, stock, got 'none'"):
        best_level()
    best_level.cache_clear()


# ---------------------------------------------------------------- the filter, on every machine it is made for

ALLOWED, REFUSED, NOT_THERE, KILLED = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
OTHER = {"x86_64": 0x40000003, "aarch64": 0x40000028}
PLAIN = {
    "x86_64": {"read": 0, "write": 1, "mmap": 9, "fork": 57, "execve": 59},
    "aarch64": {"read": 63, "write": 64, "execve": 221},
}


def answer(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    """Run a classic BPF program on a system call, as the kernel does."""
    data = struct.pack("<IIQ6Q", number, architecture, 0, argument, 0, 0, 0, 0, 0)
    code = [struct.unpack_from("HBBI", program, at) for at in range(0, len(program), 8)]
    accumulator = place = 0
    while True:
        operation, if_true, if_false, value = code[place]
        place += 1
        if operation == 0x06:
            return value
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
            continue
        holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
        place += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_refuses_what_it_lists_and_nothing_else(machine: str) -> None:
    architecture, refused, inspected = MACHINES[machine]
    program = build_filter(machine)
    got = {name: answer(program, architecture, number) for name, number in refused.items()}
    assert got == {name: NOT_THERE if name == "clone3" else REFUSED for name in refused}
    special = set(refused.values()) | set(inspected.values())
    others = [number for number in range(500) if number not in special]
    assert {answer(program, architecture, number) for number in others} == {ALLOWED}
    assert set(PLAIN[machine].values()) <= set(others)


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_lets_unix_sockets_through_and_no_others(machine: str) -> None:
    architecture, _, inspected = MACHINES[machine]
    program = build_filter(machine)
    for call in ("socket", "socketpair"):
        families = {family: answer(program, architecture, inspected[call], family) for family in range(50)}
        assert families == {family: ALLOWED if family == 1 else REFUSED for family in families}


@pytest.mark.parametrize("machine", MACHINES)
def test_stricter_filter_lets_pairs_of_unix_sockets_through_and_no_others(machine: str) -> None:
    architecture, _, inspected = MACHINES[machine]
    program = build_filter(machine, unix_sockets=False)
    assert {answer(program, architecture, inspected["socket"], family) for family in range(50)} == {REFUSED}
    assert answer(program, architecture, inspected["socketpair"], 1) == ALLOWED


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_lets_threads_and_children_through_but_no_namespaces(machine: str) -> None:
    architecture, _, inspected = MACHINES[machine]
    program, clone = build_filter(machine), inspected["clone"]
    assert answer(program, architecture, clone, 17) == answer(program, architecture, clone, 0x3D0F00) == ALLOWED
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(program, architecture, clone, flag | 17) == REFUSED


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_ends_who_calls_by_the_table_of_another_machine(machine: str) -> None:
    program = build_filter(machine)
    for number in (0, 11, 26, 101, 117):
        assert answer(program, OTHER[machine], number) == KILLED


def test_filter_refuses_the_second_table_of_x86_64() -> None:
    program = build_filter("x86_64")
    assert {answer(program, 0xC000003E, 0x40000000 | number) for number in (0, 41, 56, 101, 521)} == {REFUSED}


def test_filter_of_an_unknown_machine_is_an_error() -> None:
    with pytest.raises(ValueError, match="machine must be one of x86_64, aarch64, got 'riscv64'"):
        build_filter("riscv64")


def test_no_program_is_longer_than_the_kernel_takes() -> None:
    assert all(len(build_filter(machine)) // 8 <= 4096 for machine in MACHINES)


def test_folders_inside_folders_are_bound_once() -> None:
    paths = sandbox._outermost(["/usr/lib/x", "/usr", "/usr/lib", "/usrlocal", "/opt/a"])
    assert sorted(paths) == ["/opt/a", "/usr", "/usrlocal"]
