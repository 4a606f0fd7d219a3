"""Read what strace wrote: which system calls an operation makes, in which order, on what."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What can fail for want of room, and what else a file, a database or a line is used by.
NEEDING_ROOM = (
    "write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate",
    "link", "linkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat",
    "copy_file_range", "sendfile",
)  # fmt: skip
OTHERS = (
    "openat", "close", "read", "pread64", "lseek", "flock", "fcntl", "unlink", "unlinkat", "rmdir",
    "newfstatat", "stat", "lstat", "statx", "fstat", "access", "faccessat2", "getdents64",
    "chmod", "fchmod", "chown", "fchown", "fchmodat", "utimensat",
)  # fmt: skip
ON_LINES = ("connect", "sendto", "recvfrom", "sendmsg", "recvmsg")
TRACED = (*NEEDING_ROOM, *OTHERS, *ON_LINES)
# By this a child tells its answer, and nothing else is told by it.
ANSWER = "sendmsg"
# How strace calls what is neither a file nor a folder, where calls are about a line.
LINE = "<socket:["
INJECTED = "(INJECTED)"
_CALL = re.compile(r"(\d+) +(\w+)\((.*)")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One system call: the *nth* of its name in its thread, as strace counts them.

    ``before`` holds how many of each name came before it in that thread; ``is_answered`` tells
    whether the answer was out by then.
    """

    thread: str
    name: str
    nth: int
    text: str
    before: Counter[str]
    is_answered: bool = False

    @property
    def needs_room(self) -> bool:
        """Tell whether it can fail since a disk is full."""
        return self.name in NEEDING_ROOM or (self.name == "openat" and "O_CREAT" in self.text)

    @property
    def can_fail(self) -> bool:
        """Tell whether a disk can: neither moves in a file nor locks given back need it."""
        return self.name != "lseek" and "F_UNLCK" not in self.text

    def __str__(self) -> str:
        return f"{self.name} no. {self.nth}: {self.text}"


def read_trace(file: Path) -> Iterator[Call]:
    """Yield every call in *file*, in the order in which they began."""
    made: dict[str, Counter[str]] = {}
    is_answered = False
    for line in file.read_text(errors="replace").splitlines():
        found = _CALL.match(line)
        if found:
            thread, name, text = found.groups()
            so_far = made.setdefault(thread, Counter())
            before = so_far.copy()
            so_far[name] += 1
            is_answered |= name == ANSWER
            yield Call(
                thread=thread, name=name, nth=so_far[name], text=text, before=before,
                is_answered=is_answered,
            )  # fmt: skip


def points(calls: list[Call], *, about: str) -> list[Call]:
    """Return those of *calls* that are *about* a folder or a line, each to be broken once.

    strace counts for each thread: of two threads' third calls of one name, the
    same injection meets whichever comes first.
    """
    met = {
        (call.name, call.nth): call
        for call in reversed(calls)
        if about in call.text and call.name != ANSWER
    }
    return sorted(met.values(), key=calls.index)


def killing(call: Call) -> tuple[str, ...]:
    """Return the injection that kills the process just before *call*."""
    return (f"{call.name}:signal=KILL:when={call.nth}",)


def failing(call: Call, error: str) -> tuple[str, ...]:
    """Return the injection that lets *call* alone fail."""
    return (f"{call.name}:error={error}:when={call.nth}",)


def out_of_room(call: Call) -> tuple[str, ...]:
    """Return the injections by which the disk is full from *call* on.

    Where a file can't be made, it is that one alone: those that are only read
    open by the same call.
    """
    if call.name not in NEEDING_ROOM:
        return failing(call, "ENOSPC")
    return tuple(f"{name}:error=ENOSPC:when={call.before[name] + 1}+" for name in NEEDING_ROOM)
