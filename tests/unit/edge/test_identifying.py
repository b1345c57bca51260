"""Everybody is prepared beside the terminal's work, swapped whole, and searched at a rate that fits their number."""

from pathlib import Path

import pytest

from drivers.base import DeviceTemplate
from edge.people import identifying
from edge.people.identifying import FPIR, Preparing, fmr
from edge.people.module_template import pack
from matching import Match, Modality, NoMatch, threshold
from tests.unit.edge.people_site import SECRETS, close, entry, finger, people, sealed

A, B, C = (bytes([n]) * 8 for n in (1, 2, 3))
FEW = 0.5


def test_the_rate_for_each_shrinks_with_their_number_as_far_as_it_is_known() -> None:
    assert [fmr(n) for n in (1, 10, 1000)] == [FPIR, FPIR / 10, FPIR / 1000]
    assert fmr(10_000) == fmr(1000) == 1e-6
    assert fmr(0) == FPIR


def test_a_new_gallery_is_swapped_in_whole_and_prepared_once(tmp_path: Path) -> None:
    one = people(tmp_path, entry(A, "012345", sealed(A, 1, 1, finger(1).to_bytes())), entry(B, "654321"))
    search = Preparing(Modality.FINGER, SECRETS)
    search.follow(one.gallery)
    assert search.join(10)
    first = search.ready
    assert first is not None
    assert (first.people, first.of) == (1, one.gallery)  # B has nothing to be found by
    assert isinstance(first.decide(finger(1, shaken=1), Modality.FINGER, FEW, 0.1), Match)
    search.follow(one.gallery)
    assert search.join(10)
    assert search.ready is first
    close(one)
    two = people(tmp_path, entry(B, "654321", sealed(B, 1, 1, finger(2).to_bytes())))
    search.follow(two.gallery)
    assert search.join(10)
    assert search.ready is not first
    assert search.ready is not None
    found = search.ready.decide(finger(2, shaken=1), Modality.FINGER, FEW, 0.1)
    assert isinstance(found, Match)
    assert found.person == B
    assert isinstance(search.ready.decide(finger(1, shaken=1), Modality.FINGER, FEW, 0.1), NoMatch)
    close(two)


def test_damaged_and_foreign_templates_are_left_out(tmp_path: Path) -> None:
    """A module's own, noise, and one that opens for somebody else; the person's good one is found all the same."""
    module = pack(DeviceTemplate("zfm", b"secret"))
    noise = [sealed(A, 1, 2, module), sealed(A, 1, 3, b"this is no template"), sealed(B, 1, 4, finger(1).to_bytes())]
    good = sealed(A, 1, 1, finger(1).to_bytes())
    office = people(tmp_path, entry(A, "012345", good, *noise))
    search = Preparing(Modality.FINGER, SECRETS)
    search.follow(office.gallery)
    assert search.join(10)
    assert search.ready is not None
    assert len(search.ready.search) == 1
    close(office)


def test_what_does_not_fit_into_memory_is_left_out_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identifying, "MOST", 2)
    some = [entry(p, "012345", sealed(p, 1, 1, finger(p[0]).to_bytes())) for p in (A, B, C)]
    office = people(tmp_path, *some)
    search = Preparing(Modality.FINGER, SECRETS)
    search.follow(office.gallery)
    assert search.join(10)
    assert search.ready is not None
    assert (search.ready.people, search.ready.left_out) == (2, 1)
    close(office)


def test_the_threshold_is_never_lower_than_among_a_few(tmp_path: Path) -> None:
    office = people(tmp_path, entry(A, "012345", sealed(A, 1, 1, finger(1).to_bytes())))
    search = Preparing(Modality.FINGER, SECRETS)
    search.follow(office.gallery)
    assert search.join(10)
    assert search.ready is not None
    assert threshold(Modality.FINGER, fmr(1)) < FEW
    assert isinstance(search.ready.decide(finger(1, shaken=1), Modality.FINGER, 1.1, 0.1), NoMatch)
    close(office)
