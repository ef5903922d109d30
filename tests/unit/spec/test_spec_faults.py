import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mapinfra.errors import SpecError
from mapinfra.spec import Spec, load

from .cases import BASE, OUTPUT, RELATIONS, VALUES

Faults = Callable[[str | bytes], list[str]]
EDITS = {**VALUES, **RELATIONS}

EMPTY = "the file is empty; write at least `central:` and `remotes:`"
COLON = "a colon where none may be; check the indentation, or put text that holds a colon in quotes"
NOT_YAML = {
    "empty": ("", 1, EMPTY),
    "only comments": ("# nothing\n", 1, EMPTY),
    "tab": ("central:\n\tssh: {}\n", 2, "a tab where only spaces may be; indent with spaces"),
    "colon too many": (
        "central:\n  user: a: b\n",
        2,
        COLON,
    ),
    "colon missing": (
        "central:\n  ssh\n  api: {}\n",
        3,
        COLON,
    ),
    "key alone": ("central: {}\nremotes\n", 3, "a key without its colon; write `key: value`"),
    "indentation": (
        "central:\n    api: {}\n  ssh: {}\n",
        3,
        "this line doesn't fit the ones above; check indentation and quotes",
    ),
    "bracket left open": (
        "central: {ssh: {}\nremotes: {}\n",
        2,
        "a list or block in brackets that isn't closed; check commas and brackets",
    ),
    "quote left open": (
        'central: "abc\nremotes: {}\n',
        3,
        "the file ends inside quotes; close them",
    ),
    "reserved character": (
        "central: @abc\n",
        1,
        "text can't begin with this character here; put the text in quotes",
    ),
    "unknown escape": (
        'central: "a\\qb"\n',
        1,
        "an unknown escape in double quotes; use single quotes",
    ),
    "impossible escape": (
        'a: b\ncentral: "\\Uffffffff"\n',
        2,
        "this isn't YAML; check indentation, colons, quotes and brackets",
    ),
    "alias without anchor": (
        "central: *hunter2\n",
        1,
        "an alias without its anchor; put text that begins with * in quotes",
    ),
    "no alias at all": (
        "central: *$x\n",
        1,
        "not an anchor or alias; put text that begins with & or * in quotes",
    ),
    "anchor twice": (
        "central: &a {}\nremotes: &a {}\n",
        2,
        "an anchor given twice; name each anchor differently",
    ),
    "undefined tag": (
        "central: !hun!ter x\n",
        1,
        "tags have no use in a spec; put text that begins with ! in quotes",
    ),
    "two documents": (
        "central: {}\n---\nremotes: {}\n",
        2,
        "more than one document; write one spec per file",
    ),
    "control character": (
        "central: {}\nremotes: \x07\n",
        2,
        "a character that YAML doesn't allow; take it out",
    ),
    "alias of itself": (
        "central: &a\n  ssh: *a\n",
        1,
        "an alias inside the very block that it names; name another block",
    ),
    "merge of itself": (
        "central: &a\n  <<: *a\n",
        1,
        "an alias inside the very block that it names; name another block",
    ),
    "depth": (
        "a:\n " + "[" * 1000 + "\n",
        2,
        "nested more than 50 levels deep; is it a spec?",
    ),
    "text": ("just text\n", 1, "text where the blocks central and remotes belong; write these"),
    "list": (
        "\n- central\n- remotes\n",
        2,
        "a list where the blocks central and remotes belong; write these",
    ),
}


def edited(name: str) -> str:
    old, new, _ = EDITS[name]
    assert BASE.count(old) == 1
    return BASE.replace(old, new)


def test_the_base_of_all_cases_is_right(spec_file: Path) -> None:
    spec_file.write_text(BASE)
    assert isinstance(load(spec_file), Spec)


@pytest.mark.parametrize("name", EDITS)
def test_a_fault_is_told_in_one_line_with_its_place(name: str, faults: Faults) -> None:
    assert faults(edited(name)) == EDITS[name][2]


@pytest.mark.parametrize("name", NOT_YAML)
def test_what_is_not_yaml_is_told_with_its_line(name: str, faults: Faults) -> None:
    text, line, said = NOT_YAML[name]
    assert faults(text) == [f"dev.yaml:{line}: {said}"]


def test_all_faults_are_told_at_once_in_the_order_of_the_file(faults: Faults) -> None:
    text = (
        BASE.replace("{user: mapinfra}\ncentral", "{usr: mapinfra}\ncentral")
        .replace("{env: API}", "hunter2")
        .replace(OUTPUT, "Centreon-Map: {port: 0}\n      Centreon-Map: {}")
        .replace("lyon: {}", "lyon: {poller: paris, pages: {Images: shown}}")
    )
    told = faults(text)
    assert [fault.split(": ")[0] for fault in told] == [
        "dev.yaml:2",
        "dev.yaml:6",
        "dev.yaml:13",
        "dev.yaml:14",
        "dev.yaml:15",
        "dev.yaml:15",
    ]


def test_a_fault_in_an_aliased_block_is_at_the_anchor(faults: Faults) -> None:
    text = BASE.replace("lyon: {}", "lyon: {broker_outputs: *outputs}")
    text = text.replace("broker_outputs:\n", "broker_outputs: &outputs\n", 1)
    told = faults(text.replace(OUTPUT, "Centreon-Map: {port: 0}"))
    said = "broker_outputs.Centreon-Map.port: 0 is not a port; write a number from 1 to 65535"
    assert told == [f"dev.yaml:13: remotes.{name}.{said}" for name in ("paris", "lyon")]


def test_aliases_that_amount_to_millions_are_refused(faults: Faults) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    (told,) = faults(bomb)
    assert told.endswith("more than 200000 values with its aliases written out; use fewer aliases")


def test_merges_that_amount_to_millions_are_refused(faults: Faults) -> None:
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 9)
    )
    (told,) = faults(bomb)
    assert told.endswith("more than 200000 values with its aliases written out; use fewer aliases")


def test_aliases_that_nest_ever_deeper_are_refused(faults: Faults) -> None:
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))
    assert faults(chain) == ["dev.yaml:1: nested more than 50 levels deep; is it a spec?"]


def test_a_file_over_a_megabyte_is_refused(faults: Faults) -> None:
    assert faults("#" * 1_000_001) == ["dev.yaml:1: larger than 1000 kB; a spec is a short text"]


def test_a_file_that_is_not_utf_8_is_refused(faults: Faults) -> None:
    said = "not UTF-8 text; save the file as UTF-8"
    assert faults("central: {}\nremotes: é\n".encode("latin-1")) == [f"dev.yaml:2: {said}"]
    assert faults("central: {}\n".encode("utf-16")) == [f"dev.yaml:1: {said}"]


def refusal(path: Path) -> str:
    with pytest.raises(SpecError) as refused:
        load(path)
    return str(refused.value)


def test_a_missing_spec_is_told_with_those_there_are(spec_file: Path) -> None:
    folder = spec_file.parent
    for name in ("prod.yaml", "test.yml", "Pulumi.prod.yaml", "notes.txt"):
        (folder / name).touch()
    assert refusal(folder / "prd.yaml") == (
        f"{folder}/prd.yaml: no such spec; did you mean prod.yaml? "
        f"{folder} has prod.yaml and test.yml"
    )


def test_a_missing_spec_in_an_empty_or_missing_folder(spec_file: Path) -> None:
    folder = spec_file.parent
    assert refusal(spec_file) == f"{spec_file}: no such spec; there are no specs in {folder}"
    nowhere = folder / "no" / "dev.yaml"
    assert refusal(nowhere) == f"{nowhere}: no such spec; there is no folder {folder}/no"


def test_a_folder_is_no_spec(spec_file: Path) -> None:
    (spec_file.parent / "prod.yaml").touch()
    spec_file.mkdir()
    assert f"{spec_file}: a folder or device, not a spec; " in refusal(spec_file)


def test_a_device_is_not_waited_for(spec_file: Path) -> None:
    os.mkfifo(spec_file)
    assert f"{spec_file}: a folder or device, not a spec; " in refusal(spec_file)


def test_a_path_that_cant_be_is_told_in_one_line(spec_file: Path) -> None:
    path = spec_file.parent / ("x" * 300)
    assert refusal(path) == (
        f"{path}: can't be read (File name too long); check its path and permissions"
    )
