"""Limits that a process sets itself before it touches hostile bytes."""

from __future__ import annotations

import resource

MEMORY_BYTES = 2 * 2**30


def confine(cpu_s: int, open_files: int) -> None:
    """Limits memory, processor time and open files of this process; it writes no file and leaves no core.

    Args:
        cpu_s: processor time, seconds.
        open_files: descriptors.
    """
    limit(resource.RLIMIT_AS, MEMORY_BYTES)
    limit(resource.RLIMIT_CPU, cpu_s)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_NOFILE, open_files)
    limit(resource.RLIMIT_CORE, 0)


def limit(kind: int, value: int) -> None:
    """Sets one limit (`resource.RLIMIT_…`), or leaves the lower one that is set already."""
    _, ceiling = resource.getrlimit(kind)
    value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
    resource.setrlimit(kind, (value, value))
