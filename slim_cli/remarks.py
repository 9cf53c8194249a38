"""Facts as codes with values; only the words of a language make sentences of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Remark:
    """A fact about a file or a run, as a code with values; its sentence stands in `words.*.toml` under `[remarks]`.

    Attributes:
        code: what is said, e.g. `format_changes`.
        values: what the sentence fills in, by name; text that comes from a file is made harmless before it gets here.
    """

    code: str
    values: dict[str, str | int | float] = field(default_factory=dict)
