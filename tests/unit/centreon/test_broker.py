"""The output's model says the same as the spec's, and the rows say the same as the model."""

from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.broker import (
    KEYS,
    Output,
    Row,
    faults,
    file_holds,
    in_file,
    output_of,
    rows_of,
)
from mapinfra.platform.inputs import output
from mapinfra.spec import BrokerOutput

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
any_output = st.builds(
    Output,
    name=texts.filter(bool),
    **{name: texts for name in KEYS if name != "name"},
    categories=st.sets(st.sampled_from(["neb", "bam", "storage"]), min_size=1).map(
        lambda chosen: tuple(sorted(chosen))
    ),
)


def test_the_specs_defaults_are_the_models() -> None:
    assert output("Centreon-Map", BrokerOutput()) == Output("Centreon-Map")


def test_the_specs_fields_are_the_models() -> None:
    assert {*BrokerOutput.model_fields, "name"} == {*KEYS, "categories"}


@given(any_output)
def test_rows_hold_the_whole_output(wanted: Output) -> None:
    rows = rows_of(wanted, "1_3")
    assert output_of(rows) == wanted
    assert faults(rows, "1_3") == []


@given(any_output)
def test_the_file_holds_what_is_generated_and_nothing_changed(wanted: Output) -> None:
    held = in_file(wanted)
    assert file_holds([held], wanted)
    assert not file_holds([held, held], wanted)
    assert not file_holds([{**held, "port": f"{wanted.port}1"}], wanted)


def test_the_wizards_misspelt_key_is_a_fault() -> None:
    rows = (*rows_of(Output("Centreon-Map"), "1_3"), Row("negociation", "yes"))
    assert faults(rows, "1_3") == ["negociation=yes not a key"]
