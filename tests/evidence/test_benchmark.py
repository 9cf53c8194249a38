"""What is paid for beside decoding; `python -m tests.evidence.benchmark` measures it on files that are longer."""

import pytest

from tests.evidence.benchmark import COMPARED, MEDIA, PLAIN, compare


@pytest.mark.parametrize("what", COMPARED)
def test_what_is_paid_for_beside_decoding_changes_no_sample_and_costs_less_than_decoding(what: str) -> None:
    spent = compare(what, seconds=60.0, rounds=2)
    assert spent.keys() == {*MEDIA, *PLAIN, "all"}
    without, added = spent["all"]
    assert 0 < added < 2 * without
