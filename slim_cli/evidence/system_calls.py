"""The system calls that decoding needs, with their numbers; a process under isolation has no others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArgumentTest:
    """When a call is let through: where one of these holds of the lower 32 bits of one argument.

    Attributes:
        argument: number of the argument, from 0.
        equals: it is one of these.
        any_bit: it has one of these bits.
        no_bit: it has none of these bits.
        own_process: it is this process's identifier.
    """

    argument: int
    equals: tuple[int, ...] = ()
    any_bit: int = 0
    no_bit: int = 0
    own_process: bool = False


@dataclass(frozen=True)
class Architecture:
    """One kind of processor.

    Attributes:
        audit: its `AUDIT_ARCH_…`.
        seccomp: number of `seccomp`.
        numbers: of the calls, by name; a call that it does not have is missing.
    """

    audit: int
    seccomp: int
    numbers: dict[str, int]


_WRITES = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE's own bit
_DUPLICATE_AND_FLAGS = (0, 1, 2, 3, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
_TERMINAL_AND_INHERITANCE = (0x5401, 0x5450, 0x5451)  # TCGETS, FIONCLEX, FIOCLEX
_THREAD_NAMES = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
_A_THREAD = 0x10000  # CLONE_THREAD

# Each call: when it is let through, None for always; its number on x86_64 and on aarch64, None where it has none.
_CALLS: dict[str, tuple[ArgumentTest | None, int | None, int | None]] = {
    "read": (None, 0, 63),
    "write": (None, 1, 64),
    "lseek": (None, 8, 62),
    "futex": (None, 202, 98),
    "mmap": (None, 9, 222),
    "munmap": (None, 11, 215),
    "mremap": (None, 25, 216),
    "mprotect": (None, 10, 226),
    "madvise": (None, 28, 233),
    "mincore": (None, 27, 232),
    "map_shadow_stack": (None, 453, 453),
    "brk": (None, 12, 214),
    "fstat": (None, 5, 80),
    "newfstatat": (None, 262, 79),
    "stat": (None, 4, None),
    "lstat": (None, 6, None),
    "statx": (None, 332, 291),
    "pread64": (None, 17, 67),
    "preadv": (None, 295, 69),
    "preadv2": (None, 327, 286),
    "readv": (None, 19, 65),
    "writev": (None, 20, 66),
    "close": (None, 3, 57),
    "openat": (ArgumentTest(2, no_bit=_WRITES), 257, 56),
    "open": (ArgumentTest(1, no_bit=_WRITES), 2, None),
    "getdents64": (None, 217, 61),
    "readlink": (None, 89, None),
    "readlinkat": (None, 267, 78),
    "access": (None, 21, None),
    "faccessat": (None, 269, 48),
    "faccessat2": (None, 439, 439),
    "getcwd": (None, 79, 17),
    "statfs": (None, 137, 43),
    "fstatfs": (None, 138, 44),
    "fadvise64": (None, 221, 223),
    "readahead": (None, 187, 213),
    "close_range": (None, 436, 436),
    "dup": (None, 32, 23),
    "dup2": (None, 33, None),
    "dup3": (None, 292, 24),
    "fcntl": (ArgumentTest(1, equals=_DUPLICATE_AND_FLAGS), 72, 25),
    "ioctl": (ArgumentTest(1, equals=_TERMINAL_AND_INHERITANCE), 16, 29),
    "pipe2": (None, 293, 59),
    "eventfd2": (None, 290, 19),
    "poll": (None, 7, None),
    "ppoll": (None, 271, 73),
    "select": (None, 23, None),
    "pselect6": (None, 270, 72),
    "epoll_create1": (None, 291, 20),
    "epoll_ctl": (None, 233, 21),
    "epoll_wait": (None, 232, None),
    "epoll_pwait": (None, 281, 22),
    "clone": (ArgumentTest(0, any_bit=_A_THREAD), 56, 220),
    "set_robust_list": (None, 273, 99),
    "set_tid_address": (None, 218, 96),
    "rseq": (None, 334, 293),
    "futex_waitv": (None, 449, 449),
    "membarrier": (None, 324, 283),
    "sched_yield": (None, 24, 124),
    "sched_getparam": (None, 143, 121),
    "sched_getscheduler": (None, 145, 120),
    "get_mempolicy": (None, 239, 236),
    "sched_getaffinity": (None, 204, 123),
    "prctl": (ArgumentTest(0, equals=_THREAD_NAMES), 157, 167),
    "rt_sigaction": (None, 13, 134),
    "rt_sigprocmask": (None, 14, 135),
    "rt_sigreturn": (None, 15, 139),
    "sigaltstack": (None, 131, 132),
    "tgkill": (ArgumentTest(0, own_process=True), 234, 131),
    "restart_syscall": (None, 219, 128),
    "exit": (None, 60, 93),
    "exit_group": (None, 231, 94),
    "getpid": (None, 39, 172),
    "gettid": (None, 186, 178),
    "getppid": (None, 110, 173),
    "getuid": (None, 102, 174),
    "geteuid": (None, 107, 175),
    "getgid": (None, 104, 176),
    "getegid": (None, 108, 177),
    "getrandom": (None, 318, 278),
    "getrusage": (None, 98, 165),
    "getrlimit": (None, 97, 163),
    "times": (None, 100, 153),
    "uname": (None, 63, 160),
    "sysinfo": (None, 99, 179),
    "getcpu": (None, 309, 168),
    "time": (None, 201, None),
    "gettimeofday": (None, 96, 169),
    "clock_gettime": (None, 228, 113),
    "clock_getres": (None, 229, 114),
    "clock_nanosleep": (None, 230, 115),
    "nanosleep": (None, 35, 101),
}

RULES = {name: test for name, (test, _, _) in _CALLS.items()}
ARCHITECTURES = {
    "x86_64": Architecture(
        0xC000_003E, 317, {name: own for name, (_, own, _) in _CALLS.items() if own is not None} | {"clone3": 435}
    ),
    "aarch64": Architecture(
        0xC000_00B7, 277, {name: own for name, (_, _, own) in _CALLS.items() if own is not None} | {"clone3": 435}
    ),
}
