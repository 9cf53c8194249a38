"""The errors whose messages are shown to the user, each with the exit code the command line maps it to."""

from slim_cli.results import Remark, Status


class SlimError(Exception):
    """A failure explained in one full sentence that names the file or option and what to do."""

    exit_code = 2


class UsageError(SlimError):
    """The request itself cannot be carried out: a missing folder, contradictory options, an empty selection."""


class FormatError(UsageError):
    """A TOML or JSON file is not of the form it must have; says where, e.g. `recipe.toml: stage2.penalty: ...`."""


class EvidenceError(SlimError):
    """One item of evidence cannot be examined; a scan turns it into a result row.

    Args:
        remark: the reason.
        status: the row's status, one of `slim_cli.results.STATUSES`.
    """

    def __init__(self, remark: Remark, status: Status) -> None:
        super().__init__(remark, status)
        self.remark, self.status = remark, status

    def __str__(self) -> str:
        """The English sentence of the reason."""
        from slim_cli.words import load_words  # why: errors are loaded first, words only where a sentence is wanted

        return load_words().sentence(self.remark)


class IntegrityError(SlimError):
    """Something that must not change has changed: evidence, weights, or a recorded hash."""

    exit_code = 4


class EnvironmentUnfit(SlimError):
    """The installation cannot do the work: a model, a decoder or a system library is missing."""

    exit_code = 5
