"""Isolation of a student's process: what it may see, reach and use up.

Levels, the strongest that the machine offers is taken:

``namespaces``
    A file system of its own with a read-only system, Python and course library, an empty home in memory, no network, no
    other processes in sight, not root; refused system calls on top.
``landlock``
    The system, Python and the course library can be read, its own folder can be written, and no other file can be
    opened (:mod:`autograder.landlock`), shared memory included; no sockets; not root; limits and refused system calls.
    The names of other files and processes can be seen.
``limits``
    Resource limits and refused system calls only, and another user if the grader is root. Submissions can read what
    that user can read: run it in a container.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import course_lib
from autograder import landlock
from autograder.seccomp import refuse_system_calls

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER, MNT_DETACH = 1, 38, 36, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types",
    "/etc/nsswitch.conf", "/sys/devices/system/cpu",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
OWN_PROCESS = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo")
HIDDEN = ("reference", "accelerated")
BASES = ("/dev/shm", "/mnt", "/media", "/srv")
HOME = "/home/student"
FIRST_UID, UIDS = 60_000, 5_000
SWEEPS = 200

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Resources:
    """What one submission may use: bytes, processes, seconds of CPU time."""

    memory: int = 4 * 2**30
    files: int = 64 * 2**20
    processes: int = 64
    cpu_seconds: int = 300


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    _check(_libc.mount(*texts, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def unshare() -> None:
    """Leave the namespaces of the machine; the next child is the first process of its own.

    An ordinary user needs a user namespace for that; root does not, and leaves its privileges in :func:`confine`.
    """
    flags = NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET
    if os.geteuid() == 0:
        _check(_libc.unshare(flags), "unshare")
        return
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(flags | NEWUSER), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def confine(resources: Resources, number: int) -> None:
    """Shut the calling process in, after :func:`unshare` and a fork: new root, no privileges, refused system calls."""
    uid = FIRST_UID + number % UIDS if os.geteuid() == 0 else os.getuid()
    _new_root(uid, resources)
    _drop_privileges(uid)
    limit(resources)
    refuse_system_calls()


def restrict(resources: Resources, number: int, home: str, with_landlock: bool) -> None:
    """Do what can be done without namespaces: not root, in folder `home`, limits, refused system calls."""
    os.chdir(home)
    doors = {folder: os.open(folder, os.O_PATH | os.O_DIRECTORY) for folder in (sys.prefix, sys.base_prefix)}
    uid = os.getuid()
    if os.geteuid() == 0:
        uid = FIRST_UID + number % UIDS
        os.chown(home, uid, uid)
    else:  # the limit counts all processes of the user, not this submission's alone
        resources = replace(resources, processes=resource.RLIM_INFINITY)
    if with_landlock:
        _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        package = str(Path(course_lib.__file__).parent)
        own = [f"{package}/{name}" for name in os.listdir(package) if name not in HIDDEN]
        readable = [path for path in readable_paths() if not _within(package, path)]
        readable = [*own, *readable, *(path for path in (sys.prefix, sys.base_prefix)), *OWN_PROCESS]
        landlock.give_up_files(readable, [package], [home], DEVICES)
    _drop_privileges(uid)
    _reach_python_by(doors)
    limit(resources)
    refuse_system_calls(unix_sockets=not with_landlock)


def _reach_python_by(doors: dict[str, int]) -> None:
    """Have Python find its modules through open folders where the way to them is closed to the user it now is.

    So it is when root grades and Python lies in root's home. Programs in such a folder cannot be started.
    """
    for folder, number in doors.items():
        if os.access(folder, os.R_OK | os.X_OK):
            os.close(number)
            continue
        modules = [module for module in list(sys.modules.values()) if isinstance(module, ModuleType)]
        places = [vars(module).get("__path__") for module in modules]
        paths = [sys.path, *(place for place in places if isinstance(place, list))]
        for path in paths:
            path[:] = [f"/proc/self/fd/{number}{p[len(folder) :]}" if _within(p, folder) else p for p in path]
    sys.path_importer_cache.clear()


def be_the_first_to_go() -> None:
    """Have the kernel end this process, and not the grader, when memory runs out."""
    with contextlib.suppress(OSError):
        file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(file, b"1000")
        os.close(file)


def die_with_parent(number: int) -> None:
    """Have the kernel send a signal to this process when its parent ends; a change of user undoes it."""
    _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def adopt_orphans() -> None:
    """Make the calling process the parent of all that its descendants leave behind."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans() -> None:
    """End every descendant of the calling process: first all are stopped, so that none starts others meanwhile."""
    stopped = set[int]()
    for _ in range(SWEEPS):
        if not (new := set(_descendants(os.getpid())) - stopped):
            break
        stopped |= new
        _signal(new, signal.SIGSTOP)
    while True:
        _signal(_descendants(os.getpid()), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _descendants(pid: int) -> list[int]:
    found = list[int]()
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            text = Path(f"/proc/{pid}/task/{task}/children").read_text(encoding="ascii")
            found += [int(child) for child in text.split()]
    return found + [below for child in found for below in _descendants(child)]


def _new_root(uid: int, resources: Resources) -> None:
    gid = uid if os.geteuid() == 0 else os.getgid()
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    paths = readable_paths()
    base = next(place for place in BASES if os.path.isdir(place) and not any(_within(path, place) for path in paths))
    _mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    own = f"size={resources.files},mode=0700,uid={uid},gid={gid}"
    for folder in (HOME, "/tmp", "/dev/shm"):  # before what is bound: the course may lie in one of them
        os.makedirs(base + folder, exist_ok=True)
        _mount("tmpfs", base + folder, "tmpfs", MS_NOSUID | MS_NODEV, own)
    for path in paths:
        _bind(path, base, writable=False)
    for path in DEVICES:
        if os.path.exists(path):
            _bind(path, base, writable=True)
    package = f"{base}{Path(course_lib.__file__).parent}"
    for name in HIDDEN:
        if os.path.isdir(f"{package}/{name}"):
            _mount("tmpfs", f"{package}/{name}", "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k,mode=0555")
    os.makedirs(f"{base}/proc")
    _mount("proc", f"{base}/proc", "proc", MS_NOSUID | MS_NODEV)
    _write_users(base, uid)
    os.makedirs(f"{base}/old")
    os.chdir(base)
    _check(_libc.syscall(PIVOT_ROOT[os.uname().machine], b".", b"old"), "pivot_root")
    os.chdir("/")
    _check(_libc.umount2(b"/old", MNT_DETACH), "umount")
    os.rmdir("/old")
    _mount(None, "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)
    os.chdir(HOME)


def readable_paths() -> list[str]:
    """Return what a submission may read: the system's libraries, Python with its packages, the course library."""
    python = [sys.prefix, sys.base_prefix, str(Path(course_lib.__file__).parent)]
    return [path for path in _outermost([*SYSTEM, *python]) if os.path.exists(path)]


def _outermost(paths: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for path in sorted(set(paths), key=len):
        if not any(_within(path, other) for other in kept):
            kept.append(path)
    return kept


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _bind(path: str, base: str, writable: bool) -> None:
    target = base + path
    if os.path.islink(path):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    _mount(path, target, None, MS_BIND | MS_REC)
    if not writable:
        _mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _write_users(base: str, uid: int) -> None:
    Path(f"{base}/etc/passwd").write_text(f"student:x:{uid}:{uid}::{HOME}:/bin/sh\n", encoding="ascii")
    Path(f"{base}/etc/group").write_text(f"student:x:{uid}:\n", encoding="ascii")


def _drop_privileges(uid: int) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    header = struct.pack("Ii", 0x20080522, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def limit(resources: Resources) -> None:
    """Set limits on memory, file size, processes, CPU time, open files; no core dumps."""
    for name, value in (
        ("AS", resources.memory),
        ("FSIZE", resources.files),
        ("NPROC", resources.processes),
        ("CPU", resources.cpu_seconds),
        ("NOFILE", 256),
        ("CORE", 0),
    ):
        number = getattr(resource, f"RLIMIT_{name}")
        _, most = resource.getrlimit(number)
        if resource.RLIM_INFINITY in (value, most):
            value = most if value == resource.RLIM_INFINITY else value
        else:
            value = min(value, most)
        resource.setrlimit(number, (value, value))
