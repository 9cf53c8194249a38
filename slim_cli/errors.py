"""The errors whose messages are shown to the user, each with the exit code the command line maps it to."""


class SlimError(Exception):
    """A failure explained in one full sentence that names the file or option and what to do."""

    exit_code = 2


class UsageError(SlimError):
    """The request itself cannot be carried out: a missing folder, contradictory options, an empty selection."""


class EvidenceError(SlimError):
    """One item of evidence cannot be examined; a scan turns it into a result row.

    Args:
        message: the reason, in words an examiner understands.
        status: the row's status, one of `slim_cli.results.STATUSES`.
    """

    def __init__(self, message: str, status: str) -> None:
        super().__init__(message)
        self.status = status


class IntegrityError(SlimError):
    """Something that must not change has changed: evidence, weights, or a recorded hash."""

    exit_code = 4


class EnvironmentUnfit(SlimError):
    """The installation cannot do the work: a model, a decoder or a system library is missing."""

    exit_code = 5
