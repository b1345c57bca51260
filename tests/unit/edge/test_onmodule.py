"""What a module says is taken for no more than it is; what it keeps is kept as it came."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import DeviceTemplate, Matched
from edge.people.module_template import FIRST_VERSION, MOST_BYTES, ModuleTemplateError, is_module, pack, unpack, version
from edge.people.onmodule import JUST_PASSED, Module, decide
from matching import Match, NoMatch, TooClose
from tests.unit.edge.people_site import finger

A, B = b"A" * 8, b"B" * 8
MODULE = Module("zfm:3", 50)


def test_a_yes_is_a_finger_that_just_passes_with_the_modules_figure_beside_it() -> None:
    decision, verdict = decide(Matched((49, 180, None), None), (A, A, B), MODULE)
    assert decision == Match(A, JUST_PASSED, 0.0)
    assert verdict is not None
    assert (verdict.score, verdict.module) == (180, MODULE)


@pytest.mark.parametrize("scores", [(), (None,), (49, 0, None)])
def test_below_the_makers_threshold_it_is_nobody(scores: tuple[int | None, ...]) -> None:
    assert decide(Matched(scores, None), (A, A, B), MODULE) == (NoMatch(0.0), None)


def test_two_people_with_a_yes_are_too_close_however_far_apart_their_figures_are() -> None:
    """S5: nobody knows what a difference is worth in the module's own unit."""
    decision, verdict = decide(Matched((250, 51), None), (A, B), MODULE)
    assert isinstance(decision, TooClose)
    assert verdict is None


@given(st.text(min_size=1, max_size=60), st.binary(min_size=1, max_size=3000))
def test_a_modules_template_comes_back_as_it_was(family: str, data: bytes) -> None:
    try:
        packed = pack(DeviceTemplate(family, data))
    except (UnicodeEncodeError, ModuleTemplateError):
        return
    assert is_module(packed)
    assert unpack(packed) == DeviceTemplate(family, data)


@given(st.binary(max_size=200).map(lambda tail: b"HM" + tail) | st.binary(max_size=200))
def test_hostile_bytes_are_refused_or_read(data: bytes) -> None:
    with contextlib.suppress(ModuleTemplateError):
        assert pack(unpack(data)) == data


def test_one_too_large_to_be_carried_is_refused() -> None:
    with pytest.raises(ModuleTemplateError, match="can be kept"):
        pack(DeviceTemplate("zfm", bytes(MOST_BYTES)))


def test_our_own_templates_are_not_a_modules() -> None:
    assert not is_module(finger(1).to_bytes())


def test_the_views_of_different_families_do_not_overwrite_each_other() -> None:
    numbers = [version(family, view) for family in ("zfm:3", "gt521f", "libfprint:uru") for view in (1, 2, 3)]
    assert len(set(numbers)) == len(numbers)
    assert all(FIRST_VERSION < number < 2**32 for number in numbers)
