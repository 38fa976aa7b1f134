"""Cases are found below any path of a pack, and the folder says who runs them."""

from pathlib import Path

import pytest

from zkattest.conformance.registry import RUNNERS, find_cases
from zkattest.conformance.values import CaseError

VECTORS = Path(__file__).resolve().parents[3] / "vectors"
PACK = VECTORS / "eip7886"


def test_find__same_ids_from_every_path():
    folder = PACK / "static" / "header" / "ordinary__valid"
    for path in (PACK, PACK / "static", folder.parent, folder):
        found = find_cases(path, "static/header/ordinary__valid")
        assert [one.id for one in found] == ["static/header/ordinary__valid"]
        assert found[0].runner is RUNNERS["static"]


def test_find__sorted_and_filtered():
    ids = [one.id for one in find_cases(PACK / "claim")]
    assert ids == sorted(ids)
    assert ids
    assert find_cases(PACK / "claim", "nothing") == []
    assert [one.id for one in find_cases(PACK / "chain", "*0001*")] == ["chain/0001_transfers"]


def test_find__unknown_runner_cannot_be_read(tmp_path):
    folder = tmp_path / "dance" / "slow" / "waltz"
    folder.mkdir(parents=True)
    (folder / "case.json").write_text("{}")
    (found,) = find_cases(tmp_path)
    assert (found.id, found.runner) == ("dance/slow/waltz", None)
    with pytest.raises(CaseError, match="runner: none for dance"):
        found.read()


def test_find__profile_is_part_of_the_id_where_a_pack_has_several():
    name = "beta4/gossip/accepted/proof__accept_32_bytes"
    folder = VECTORS / "eip8025" / name
    for path in (VECTORS, VECTORS / "eip8025", folder.parents[1], folder):
        found = find_cases(path, name)
        assert [one.id for one in found] == [name]
        assert found[0].runner is RUNNERS["gossip"]
        assert found[0].read().group == "beta4/gossip/accepted"
