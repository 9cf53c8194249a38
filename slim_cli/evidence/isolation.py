"""What the kernel holds a process to that reads hostile bytes: no network, no writing, no programs, no other processes.

Landlock takes away access to files and to TCP, a seccomp filter all system calls that decoding does not need. Both stay
until the process ends. What a kernel does not have is left out and said; what it has and refuses is an error.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from functools import cache

from slim_cli.evidence.system_calls import ARCHITECTURES, RULES, Architecture, ArgumentTest

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_ALL_THREADS = 1  # SECCOMP_FILTER_FLAG_TSYNC
_ALLOW, _ERRNO, _KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JSET|K, BPF_RET|K
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # offsets in struct seccomp_data

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # Landlock has one number for all architectures
_ASK_VERSION = 1
_WRITING = 0b1_1111_1111_0011  # all rights of version 1 but READ_FILE and READ_DIR, with EXECUTE
_RIGHTS_SINCE = ((2, 1 << 13), (3, 1 << 14), (5, 1 << 15))  # REFER, TRUNCATE, IOCTL_DEV
_TCP, _SCOPES = 0b11, 0b11  # BIND and CONNECT (version 4); abstract Unix sockets and signals (version 6)

Instruction = tuple[int, int, int, int]


def landlock() -> int:
    """Takes away all writing and execution of files, and TCP where the kernel can.

    Returns:
        the version of Landlock, 0 where the kernel has none.
    """
    if _architecture() is None:
        return 0
    version = max(0, _call(_CREATE_RULESET, None, 0, _ASK_VERSION))
    if version:
        files = _WRITING | sum(right for since, right in _RIGHTS_SINCE if version >= since)
        ruleset = [files, *([_TCP] if version >= 4 else []), *([_SCOPES] if version >= 6 else [])]
        attributes = struct.pack(f"{len(ruleset)}Q", *ruleset)
        descriptor = _checked(_call(_CREATE_RULESET, attributes, len(attributes), 0))
        _keep_privileges()
        _checked(_call(_RESTRICT_SELF, descriptor, 0))
        os.close(descriptor)
    return version


def seccomp() -> bool:
    """Takes away all system calls but those of `RULES`, from all threads of this process; False where it cannot be."""
    architecture = _architecture()
    action = struct.pack("I", _ERRNO)
    if architecture is None or _call(architecture.seccomp, _GET_ACTION_AVAIL, 0, action) != 0:
        return False
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program(architecture, os.getpid()))
    _keep_privileges()
    kept = ctypes.create_string_buffer(code, len(code))
    attributes = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(kept))
    _checked(_call(architecture.seccomp, _SET_MODE_FILTER, _ALL_THREADS, attributes))
    return True


def program(architecture: Architecture, pid: int) -> Iterator[Instruction]:
    """The filter: for every call of `RULES` its test, EPERM for all else.

    Args:
        architecture: whose numbers are meant; a call by another's numbers ends the process.
        pid: of this process, the only one that it may signal.

    Returns:
        instructions (code, jump if true, jump if false, operand) of classic BPF over `struct seccomp_data`.
    """
    yield _LOAD, 0, 0, _ARCHITECTURE_AT
    yield _EQUAL, 1, 0, architecture.audit
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER_AT
    for name, test in RULES.items():
        number = architecture.numbers.get(name)
        if number is not None:
            body = list(_body(test, pid))
            yield _EQUAL, 0, len(body), number
            yield from body
    yield _EQUAL, 0, 1, architecture.numbers["clone3"]
    yield _RETURN, 0, 0, _ERRNO | errno.ENOSYS  # why: its flags cannot be read here, and libraries then use clone
    yield _RETURN, 0, 0, _ERRNO | errno.EPERM


def _body(test: ArgumentTest | None, pid: int) -> Iterator[Instruction]:
    if test is not None:
        yield _LOAD, 0, 0, _ARGUMENTS_AT + 8 * test.argument
        for value in test.equals:
            yield _EQUAL, 0, 1, value
            yield _RETURN, 0, 0, _ALLOW
        if test.own_process:
            yield _EQUAL, 0, 1, pid
            yield _RETURN, 0, 0, _ALLOW
        if test.any_bit:
            yield _ANY_BIT, 0, 1, test.any_bit
            yield _RETURN, 0, 0, _ALLOW
        if test.no_bit:
            yield _ANY_BIT, 1, 0, test.no_bit
            yield _RETURN, 0, 0, _ALLOW
        yield _RETURN, 0, 0, _ERRNO | errno.EPERM
    else:
        yield _RETURN, 0, 0, _ALLOW


def _architecture() -> Architecture | None:
    """Whose numbers this process calls by; None where they are not known here."""
    if platform.system() != "Linux" or struct.calcsize("P") != 8:
        return None
    return ARCHITECTURES.get(platform.machine())


def _keep_privileges() -> None:
    """No program that this process starts gains rights; both measures ask for that."""
    _checked(_library().prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))))


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def _call(number: int, *arguments: int | bytes | None) -> int:
    """A system call without a function of its own in the C library; -1 with `errno` where it fails."""
    known = (ctypes.c_long(one) if isinstance(one, int) else one for one in arguments)
    return _library().syscall(ctypes.c_long(number), *known)


def _checked(returned: int) -> int:
    if returned < 0:
        raise OSError(ctypes.get_errno(), "the kernel refused to isolate the process")
    return returned
