"""Plans of BrokerOutputs: applied they give what is wanted, and then there is nothing to do."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from mapinfra.centreon.broker.generated import BrokerRow
from mapinfra.centreon.broker.outputs import Group, Output, rows_of
from mapinfra.centreon.facts import Listener
from mapinfra.errors import CentreonError
from mapinfra.resources.broker.model import Edit, LiveOutputs
from mapinfra.resources.broker.plan import plan, without_outputs
from mapinfra.resources.broker.steps import (
    AwaitConfiguration,
    AwaitPorts,
    BrokerContext,
    BrokerStep,
    CheckConfiguration,
    GenerateConfiguration,
    KeepRecord,
    RestartBroker,
    SendConfiguration,
    WriteOutputs,
)
from mapinfra.resources.contract import Change, Plan, taken_back
from tests.unit.resources.world import (
    BLOCKS,
    FORWARD,
    KIND,
    RRD,
    SQL,
    applied,
    deployed,
    done,
    fresh,
    group,
    restarted,
    wanted,
)

MAP = Output("Centreon-Map")

names = st.sampled_from(["Centreon-Map", "Centreon-Studio", "other"])
ports = st.sampled_from(["5758", "5759", "6000"])
words = st.sampled_from(["no", "yes", "auto"])
outputs = st.builds(
    Output,
    name=names,
    port=ports,
    tls=words,
    compression=words,
    buffering_timeout=st.sampled_from(["0", "30"]),
    categories=st.sets(st.sampled_from(["bam", "neb", "storage"]), min_size=1).map(
        lambda chosen: tuple(sorted(chosen))
    ),
)
several = st.lists(outputs, max_size=3, unique_by=(lambda o: o.name, lambda o: o.port)).map(tuple)


def kinds(plan: Plan[BrokerContext]) -> list[type[BrokerStep]]:
    return [type(step) for step in plan.steps]


def _write(live: LiveOutputs, *wanted_outputs: Output) -> tuple[Edit, ...]:
    steps = plan(wanted(*wanted_outputs), live).steps
    return next((step.edits for step in steps if isinstance(step, WriteOutputs)), ())


def test_the_maps_output_is_made_of_the_forms_22_rows_after_the_highest_group() -> None:
    (edit,) = _write(fresh(), MAP)
    assert edit.group == 4
    assert len(edit.after) == 22
    assert BrokerRow("filters", "", 0, 1, None) in edit.after
    assert BrokerRow("category", "bam", 1, None, 1) in edit.after
    assert BrokerRow("category", "neb", 1, None, 1) in edit.after


def test_the_steps_of_a_new_output_are_in_the_safe_order() -> None:
    assert kinds(plan(wanted(MAP), fresh())) == [
        KeepRecord, WriteOutputs, GenerateConfiguration, CheckConfiguration, SendConfiguration,
        AwaitConfiguration, RestartBroker, AwaitPorts, KeepRecord,
    ]  # fmt: skip


def test_a_second_run_has_no_steps_and_says_why() -> None:
    live = applied(plan(wanted(MAP), fresh()), fresh())
    again = plan(wanted(MAP), live)
    assert (again.changes, again.steps) == ((), ())
    assert again.reason == (
        "outputs of paris-broker (Centreon-Map) are as wanted, deployed and served"
    )


def test_an_output_with_another_name_is_recognised_by_its_port() -> None:
    live = fresh(group(4, replace(MAP, name="Centreon-Studio")))
    (edit,) = _write(live, MAP)
    assert edit.group == 4
    changes = plan(wanted(MAP), live).changes
    assert Change("outputs.Centreon-Map.name", "Centreon-Studio", "Centreon-Map") in changes


def test_a_changed_port_is_shown_with_both_values_and_repaired() -> None:
    live = applied(plan(wanted(MAP), fresh()), fresh())
    drifted = replace(live, outputs=(SQL, RRD, FORWARD, group(4, replace(MAP, port="5760"))))
    mend = plan(wanted(MAP), drifted)
    assert Change("outputs.Centreon-Map.port", "5760", "5758") in mend.changes
    assert plan(wanted(MAP), applied(mend, drifted)).steps == ()


def test_a_lost_category_is_shown_with_both_values() -> None:
    rows = tuple(row for row in rows_of(MAP, BLOCKS) if row.value != "bam")
    (change,) = plan(wanted(MAP), fresh(Group(4, rows))).changes[:1]
    assert change == Change("outputs.Centreon-Map.categories", ["neb"], ["bam", "neb"])


def test_a_doubled_row_is_a_fault_and_is_repaired() -> None:
    rows = rows_of(MAP, BLOCKS)
    live = fresh(Group(4, (*rows, rows[3])))
    assert KIND.computed(wanted(MAP), live)["faults"] == [
        "Centreon-Map: port=5758 doubled or misplaced"
    ]
    (edit,) = _write(live, MAP)
    assert sorted(map(repr, edit.after)) == sorted(map(repr, rows))


def test_a_doubled_output_of_the_same_name_is_removed() -> None:
    live = fresh(group(4, MAP), group(5, MAP))
    (edit,) = _write(live, MAP)
    assert (edit.group, edit.after) == (5, ())


def test_rows_of_keys_that_mapinfra_does_not_know_are_kept() -> None:
    strange = BrokerRow("novelty", "1")
    live = fresh(Group(4, (*rows_of(replace(MAP, tls="no"), BLOCKS), strange)))
    (edit,) = _write(live, MAP)
    assert strange in edit.after


def test_a_file_without_the_output_is_deployed_again_without_a_write() -> None:
    live = applied(plan(wanted(MAP), fresh()), fresh())
    mend = plan(wanted(MAP), replace(live, file=live.file[:3]))
    assert kinds(mend)[1:3] == [GenerateConfiguration, CheckConfiguration]
    assert mend.changes == (Change("deployed", False, True),)


def test_a_port_that_does_not_listen_needs_a_restart_only() -> None:
    live = applied(plan(wanted(MAP), fresh()), fresh())
    mend = plan(wanted(MAP), replace(live, listening={22: (Listener("sshd"),)}))
    assert kinds(mend) == [KeepRecord, RestartBroker, AwaitPorts, KeepRecord]


def test_a_run_killed_before_the_restart_is_completed_by_the_next() -> None:
    live = fresh(group(4, replace(MAP, tls="no")))
    killed = plan(wanted(MAP), live)
    for step in killed.steps[: kinds(killed).index(RestartBroker)]:
        live = done(step, live)
    rest = plan(wanted(MAP), live)
    assert kinds(rest) == [RestartBroker, AwaitPorts, KeepRecord]


@pytest.mark.parametrize(
    "other",
    [
        Group(
            4, (BrokerRow("name", "studio"), BrokerRow("type", "ipv6"), BrokerRow("port", "5758"))
        ),
        Group(
            4, (BrokerRow("name", "b"), BrokerRow("type", "bbdo_server"), BrokerRow("port", "5758"))
        ),
    ],
)
def test_a_port_of_a_foreign_output_is_refused(other: Group) -> None:
    with pytest.raises(CentreonError, match="port 5758 is used already by"):
        plan(wanted(MAP), fresh(other))


def test_a_port_of_another_program_is_refused() -> None:
    live = replace(fresh(), listening={5758: (Listener("nc"),)})
    with pytest.raises(CentreonError, match="port 5758 is used already by the program nc"):
        plan(wanted(MAP), live)


def test_the_port_of_an_input_is_refused() -> None:
    with pytest.raises(CentreonError, match="port 5669 is used already by paris-broker-input"):
        plan(wanted(replace(MAP, port="5669")), fresh())


def test_a_category_the_platform_does_not_know_is_refused_with_a_way_out() -> None:
    live = replace(fresh(), categories=frozenset({"neb", "storage"}))
    with pytest.raises(CentreonError, match=r"category bam.*`categories: \[neb\]`"):
        plan(wanted(MAP), live)


@given(several, several)
def test_any_wanted_outputs_are_reached_and_then_nothing_is_left(
    first: tuple[Output, ...], second: tuple[Output, ...]
) -> None:
    live = fresh()
    for step in (wanted(*first), wanted(*second)):
        live = applied(plan(step, live), live)
        assert plan(step, live).steps == ()
    held = {o.value("name"): o for o in live.outputs if o not in (SQL, RRD, FORWARD)}
    assert set(held) == {output.name for output in second}


@given(several, several)
def test_removal_puts_back_what_was_found(
    found: tuple[Output, ...], owned: tuple[Output, ...]
) -> None:
    before = fresh(*(group(4 + n, output) for n, output in enumerate(found)))
    live = applied(_plan_or_reject(before, owned), before)
    after = applied(KIND.removal(wanted(*owned), live), live)
    assert _without_numbers(after) == _without_numbers(before)
    assert after.record is None
    assert {o["name"] for o in after.file} == {o["name"] for o in before.file}


def _plan_or_reject(live: LiveOutputs, owned: tuple[Output, ...]) -> Plan[BrokerContext]:
    """Return the plan; names that clash with foreign outputs are another test's."""
    try:
        return plan(wanted(*owned), live)
    except CentreonError:
        reject()


def _without_numbers(live: LiveOutputs) -> list[list[str]]:
    return sorted(sorted(map(repr, one.rows)) for one in live.outputs)


@given(several, several, st.integers(0, 8))
def test_undoing_a_failed_step_gives_the_old_state(
    found: tuple[Output, ...], owned: tuple[Output, ...], failing: int
) -> None:
    before = fresh(*(group(4 + n, output) for n, output in enumerate(found)))
    steps = _plan_or_reject(before, owned).steps
    live = before
    for step in steps[:failing]:
        live = done(step, live)
    for step in taken_back(steps[: failing + 1] if failing < len(steps) else ()):
        live = done(step, live)
    if failing < len(steps):
        assert sorted(map(repr, live.outputs)) == sorted(map(repr, before.outputs))
        assert live.record == before.record
        assert live.ports == before.ports
        assert {o["name"] for o in live.file} == {o["name"] for o in before.file}


@given(several, st.randoms(use_true_random=False))
def test_foreign_outputs_are_never_touched(owned: tuple[Output, ...], dice: random.Random) -> None:
    live = applied(plan(wanted(*owned), fresh()), fresh())
    mangled = [
        one if one in (SQL, RRD, FORWARD) else Group(one.number, tuple(_lose(one.rows, dice)))
        for one in live.outputs
    ]
    drifted = restarted(deployed(replace(live, outputs=tuple(mangled))))
    mended = applied(plan(wanted(*owned), drifted), drifted)
    assert {SQL, RRD, FORWARD} <= set(mended.outputs)
    assert plan(wanted(*owned), mended).steps == ()


def _lose(rows: tuple[BrokerRow, ...], dice: random.Random) -> list[BrokerRow]:
    kept = [
        row for row in rows if row.key in ("name", "type", "port", "host") or dice.random() > 0.2
    ]
    return [*kept, dice.choice(kept)]


def test_a_name_of_a_foreign_output_is_refused() -> None:
    live = fresh(group(4, MAP), group(5, replace(MAP, name="other", port="5759")))
    desired = replace(wanted(replace(MAP, port="5759")), take_over={"Centreon-Map": "other"})
    with pytest.raises(CentreonError, match="the name is used already by Centreon-Map"):
        plan(desired, live)


# Outputs that somebody else made


@pytest.mark.parametrize("name", ["Centreon-Studio", "centreon-map", "CENTREON-MAP"])
def test_taking_over_an_output_of_the_vendors_name_is_told_first(name: str) -> None:
    live = fresh(group(4, replace(MAP, name=name)))
    first = plan(wanted(MAP), live).lines()[0]
    assert first.startswith(f"paris: take over output {name} (ipv4, group 4) as Centreon-Map; ")


def test_an_output_of_any_other_name_is_taken_over_only_where_the_spec_names_it() -> None:
    live = fresh(group(4, replace(MAP, name="to-the-wall")))
    with pytest.raises(CentreonError, match=r"used already by to-the-wall.*`take_over"):
        plan(wanted(MAP), live)
    desired = replace(wanted(MAP), take_over={"Centreon-Map": "to-the-wall"})
    planned = plan(desired, live)
    assert "take over output to-the-wall (ipv4, group 4) as Centreon-Map" in planned.lines()[0]
    there = applied(planned, live)
    assert plan(desired, there).steps == ()
    assert applied(KIND.removal(desired, there), there).outputs == live.outputs


def replaced_by(name: str, number: int) -> LiveOutputs:
    """Return a remote whose own output somebody has deleted, to make another on its port."""
    live = applied(plan(wanted(MAP), fresh()), fresh())
    others = tuple(one for one in live.outputs if one.value("name") != MAP.name)
    other = group(number, replace(MAP, name=name))
    return restarted(deployed(replace(live, outputs=(*others, other))))


def test_an_output_that_took_the_place_of_a_recorded_one_is_somebody_elses() -> None:
    live = replaced_by("wall", 9)
    with pytest.raises(CentreonError, match=r"used already by wall .*write `take_over: wall`"):
        plan(wanted(MAP), live)
    left = plan(without_outputs(wanted(MAP)), live)
    assert applied(left, live).outputs == live.outputs
    assert [step.text for step in left.steps] == ["forget what was found: nothing of it is left"]
    taken = plan(replace(wanted(MAP), take_over={MAP.name: "wall"}), live)
    back = plan(without_outputs(wanted(MAP)), applied(taken, live))
    assert applied(back, applied(taken, live)).outputs == live.outputs


def test_an_own_output_that_was_renamed_is_named_again() -> None:
    live = replaced_by("wall", 4)
    assert "name wall → Centreon-Map" in str(plan(wanted(MAP), live).steps)
    assert applied(plan(without_outputs(wanted(MAP)), live), live).outputs == fresh().outputs


def test_an_own_output_that_the_form_has_numbered_anew_is_known_by_its_name() -> None:
    live = replaced_by(MAP.name, 9)
    assert plan(wanted(MAP), live).steps == ()
    assert applied(plan(without_outputs(wanted(MAP)), live), live).outputs == fresh().outputs


def test_an_output_to_take_over_that_is_not_there_is_told() -> None:
    desired = replace(wanted(MAP), take_over={"Centreon-Map": "typo"})
    with pytest.raises(CentreonError, match="no output typo to take over; there is unified-sql"):
        plan(desired, fresh(group(4, replace(MAP, name="Centreon-Studio"))))


def test_an_output_to_take_over_is_found_by_its_name_whatever_its_port() -> None:
    live = fresh(group(4, replace(MAP, name="wall", port="6000")))
    desired = replace(wanted(MAP), take_over={"Centreon-Map": "wall"})
    assert Change("outputs.Centreon-Map.port", "6000", "5758") in plan(desired, live).changes


# Configurations and processes of one poller


def test_a_port_of_another_configuration_of_the_poller_is_refused() -> None:
    other = Group(
        0, (BrokerRow("name", "rrd-input"), BrokerRow("type", "ipv4"), BrokerRow("port", "5758"))
    )
    live = replace(fresh(), elsewhere={"paris-rrd": (other,)})
    with pytest.raises(CentreonError, match=r"used already by rrd-input .*of paris-rrd"):
        plan(wanted(MAP), live)


def test_a_port_that_the_process_of_another_configuration_holds_is_not_served() -> None:
    live = applied(plan(wanted(MAP), fresh()), fresh())
    other = {**live.listening, 5758: (Listener("cbd", "paris-rrd.json"),)}
    mend = plan(wanted(MAP), replace(live, listening=other))
    assert kinds(mend) == [KeepRecord, RestartBroker, AwaitPorts, KeepRecord]
    assert KIND.computed(wanted(MAP), replace(live, listening=other))["served"] is False


# BBDO v3

BBDO = Output("Centreon-Map", type="bbdo_server", tls="no", compression="no")


def test_a_bbdo_server_is_made_changed_and_taken_away() -> None:
    live = applied(plan(wanted(BBDO), fresh()), fresh())
    (made,) = [one for one in live.outputs if one.value("type") == "bbdo_server"]
    assert (made.value("blockId"), len(made.rows)) == ("", 13)
    assert BrokerRow("blockId", "1_35") in made.rows
    assert BrokerRow("category", "neb") in made.rows
    assert plan(wanted(BBDO), live).steps == ()
    changed = replace(BBDO, one_peer_retention="yes")
    live = applied(plan(wanted(changed), live), live)
    assert plan(wanted(changed), live).steps == ()
    assert applied(KIND.removal(wanted(changed), live), live).outputs == fresh().outputs


def test_a_bbdo_server_on_one_address_is_seen_closed_when_it_goes() -> None:
    one = replace(BBDO, host="192.0.2.7")
    live = applied(plan(wanted(one), fresh()), fresh())
    (listen,) = [
        step for step in KIND.removal(wanted(one), live).steps if isinstance(step, AwaitPorts)
    ]
    assert listen.text == "see port 5758 closed"


def test_an_output_becomes_a_bbdo_server_and_back() -> None:
    live = applied(plan(wanted(MAP), fresh()), fresh())
    planned = plan(wanted(BBDO), live)
    assert Change("outputs.Centreon-Map.type", None, "bbdo_server") in planned.changes
    live = applied(planned, live)
    assert plan(wanted(BBDO), live).steps == ()
    assert applied(plan(wanted(MAP), live), live).outputs == (
        *fresh().outputs,
        group(4, MAP),
    )


def test_a_foreign_bbdo_server_is_refused_with_the_type_to_write() -> None:
    live = fresh(group(4, replace(BBDO, name="Centreon-Studio")))
    with pytest.raises(CentreonError, match="write `type: bbdo_server` to have it taken over"):
        plan(wanted(MAP), live)
    assert "take over output Centreon-Studio" in plan(wanted(BBDO), live).lines()[0]


def test_a_centreon_that_knows_no_bbdo_server_is_told() -> None:
    live = replace(fresh(), blocks={"ipv4": "1_3"})
    with pytest.raises(CentreonError, match="knows no broker output of type bbdo_server"):
        plan(wanted(BBDO), live)


# Untidy rows

EMPTY = BrokerRow("category", "")
clutter = st.lists(
    st.sampled_from(
        [
            EMPTY,
            BrokerRow("filters", "", 0, 1),
            BrokerRow("tls", ""),
            BrokerRow("negociation", "yes"),
            BrokerRow("port", "5758"),
            BrokerRow("tls", "no"),
            BrokerRow("name", "Centreon-Map"),
        ]
    ),
    max_size=5,
)


def test_untidy_rows_that_generate_the_same_are_written_and_not_deployed() -> None:
    live = fresh(Group(4, (*rows_of(MAP, BLOCKS), EMPTY, BrokerRow("tls", "auto"))))
    mend = plan(wanted(MAP), live)
    assert kinds(mend) == [KeepRecord, WriteOutputs]
    there = applied(mend, live)
    assert plan(wanted(MAP), there).steps == ()
    back = KIND.removal(wanted(MAP), there)
    assert kinds(back) == [WriteOutputs, KeepRecord]
    assert applied(back, there).outputs == live.outputs


@given(clutter, st.sampled_from([MAP, replace(MAP, categories=()), replace(MAP, name="")]))
def test_removal_onto_untidy_rows_ends(more: list[BrokerRow], found: Output) -> None:
    before = fresh(Group(4, (*rows_of(found, BLOCKS), *more)))
    desired = replace(wanted(MAP), take_over={"Centreon-Map": ""})
    try:
        live = applied(plan(desired, before), before)
    except CentreonError:
        reject()
    after = applied(KIND.removal(desired, live), live)
    assert _without_numbers(after) == _without_numbers(before)
    assert (after.record, after.file) == (None, before.file)


def test_another_poller_of_the_same_host_is_refused_while_outputs_are_owned() -> None:
    live = applied(plan(wanted(MAP), fresh()), fresh())
    with pytest.raises(CentreonError, match="taken over in the broker configuration 4"):
        plan(wanted(MAP), replace(live, config_id=7, config_name="lyon-broker"))


def test_an_output_found_with_a_port_that_is_no_number_is_given_back_as_found() -> None:
    live = fresh(group(4, replace(MAP, port="none")))
    there = applied(plan(wanted(MAP), live), live)
    assert applied(KIND.removal(wanted(MAP), there), there).outputs == live.outputs


def test_nothing_wanted_and_nothing_recorded_is_nothing_to_do() -> None:
    assert plan(without_outputs(wanted()), fresh()).steps == ()
