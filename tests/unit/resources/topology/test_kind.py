"""TopologyFlag: the page is found, planned and put back as it was."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.web.topology import Page, find_page
from mapinfra.errors import CentreonError
from mapinfra.hosts import Ssh, Target
from mapinfra.resources.contract import Change, Plan, taken_back
from mapinfra.resources.topology.kind import (
    DesiredPage,
    FlipPage,
    ForgetPage,
    LivePage,
    PageContext,
    RecordPage,
    TopologyFlagKind,
)

KIND = TopologyFlagKind()
IMAGES = Page(178, "Images", 50102, 501, shown=False)
PAGES = [
    IMAGES,
    Page(1, "Hosts", 601, 6, shown=True),
    Page(2, "Hosts", 20202, 202, shown=True),
]
SHOWN = DesiredPage(Target(name="paris", ssh=Ssh(host="paris")), "Images", shown=True)


def _applied(plan: Plan[PageContext], live: LivePage) -> LivePage:
    for step in plan.steps:
        match step:
            case RecordPage(page=page):
                live = replace(live, found=page.shown)
            case ForgetPage():
                live = replace(live, found=None)
            case FlipPage(shown=shown):
                live = replace(live, page=replace(live.page, shown=shown))
    return live


def test_a_hidden_page_is_recorded_then_shown() -> None:
    plan = KIND.plan(SHOWN, LivePage(IMAGES, None))
    assert plan.changes == (Change("shown", False, True),)
    assert plan.lines() == [
        "paris: record that Images (page 50102) was hidden",
        "paris: show Images (page 50102) in the menu",
    ]


def test_a_shown_page_has_nothing_to_do_and_says_why() -> None:
    plan = KIND.plan(SHOWN, LivePage(replace(IMAGES, shown=True), found=False))
    assert plan == Plan(reason="Images (page 50102) is shown on paris already")


@given(st.booleans(), st.booleans())
def test_applied_then_removed_the_page_is_as_it_was(before: bool, wanted: bool) -> None:
    desired = replace(SHOWN, shown=wanted)
    live = LivePage(replace(IMAGES, shown=before), None)
    there = _applied(KIND.plan(desired, live), live)
    assert there.page.shown == wanted
    assert KIND.plan(desired, there).steps == ()
    assert _applied(KIND.removal(desired, there), there) == live


@given(st.booleans(), st.integers(0, 2))
def test_undoing_gives_the_old_state(wanted: bool, failing: int) -> None:
    live = LivePage(replace(IMAGES, shown=not wanted), None)
    steps = KIND.plan(replace(SHOWN, shown=wanted), live).steps
    done = _applied(Plan(steps=tuple(steps[:failing])), live)
    assert _applied(Plan(steps=tuple(taken_back(steps[:failing]))), done) == live


def test_a_page_is_found_by_name_and_by_number() -> None:
    assert find_page("Images", PAGES, "paris") == find_page("50102", PAGES, "paris") == IMAGES


def test_a_name_of_several_pages_is_refused_with_their_numbers() -> None:
    with pytest.raises(CentreonError) as refused:
        find_page("Hosts", PAGES, "paris")
    assert str(refused.value) == (
        "paris: page Hosts: 2 pages of the menu have that name: 601 (under 6), 20202 (under 202); "
        "give the page's number instead of its name"
    )


def test_an_unknown_page_is_refused_with_what_comes_close() -> None:
    with pytest.raises(CentreonError) as refused:
        find_page("Image", PAGES, "paris")
    assert str(refused.value) == (
        "paris: page Image: no such page in the menu; there is Images (page 50102); "
        "give one of these, by name or number"
    )
