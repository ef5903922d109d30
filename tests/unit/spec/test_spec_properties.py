"""Whatever stands in a file, it is a Spec or a SpecError that names file and line."""

import re
import tempfile
from pathlib import Path

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mapinfra.errors import SpecError
from mapinfra.spec import Spec, load
from mapinfra.spec.document import parse

from .cases import BASE

EXAMPLE = (Path(__file__).parents[3] / "stacks" / "example.yaml").read_text()
SECRET = "hunter2-of-the-test"
FRAGMENTS = st.sampled_from(
    [
        "{}",
        "[]",
        "~",
        "yes",
        "0",
        "-1",
        "1e999",
        "1.5",
        "&a ",
        "*a",
        "<<: *a",
        "<<: {}",
        "!!int x",
        '"',
        "'",
        ": ",
        "- ",
        "\t",
        "\n",
        "? ",
        "| ",
        "%YAML 9",
        "---\n",
        "\\",
        '"\\ud800"',
        "…",
        "ssh",
        "database",
        "port: ",
        "password: ",
        "{secret: {}}",
        "remotes",
        "defaults",
        "\x85",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | FRAGMENTS
KEYS = st.sampled_from(
    [*sorted(set(re.findall(r"(?<![\w-])([\w-]+)(?=: )", EXAMPLE))), "central", "remotes"]
)
DATA = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | st.text(max_size=4) | st.integers(), inner, max_size=5)
    ),
    max_leaves=15,
)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """The example with a few pieces cut out, put in, doubled or swapped."""
    text = draw(st.sampled_from([EXAMPLE, BASE]))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        piece = draw(FRAGMENTS | st.text(max_size=5) | st.just(text[start:end] * 2))
        text = text[:start] + piece + text[end:]
    return text


@st.composite
def replaced(draw: st.DrawFn) -> str:
    """The example with some values replaced by anything."""
    data = yaml.safe_load(EXAMPLE)
    for _ in range(draw(st.integers(1, 3))):
        block = data
        while True:
            key = draw(st.sampled_from(sorted(block, key=str)) | KEYS)
            if not isinstance(block.get(key), dict) or not block[key] or draw(st.booleans()):
                break
            block = block[key]
        block[key] = draw(DATA)
        if not isinstance(data.get("central"), dict) or not isinstance(data.get("remotes"), dict):
            break
    return yaml.dump(data, allow_unicode=True)


def told(content: bytes) -> list[str]:
    """The faults of a file of this content; none when it is a Spec."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dev.yaml"
        path.write_bytes(content)
        error = refusal(path)
        if error is None:
            return []
        assert error.faults
        assert str(error).splitlines() == error.faults
        for fault in error.faults:
            check_form(fault, path, content)
        return error.faults


def refusal(path: Path) -> SpecError | None:
    try:
        assert isinstance(load(path), Spec)
    except SpecError as error:
        return error
    return None


def check_form(fault: str, path: Path, content: bytes) -> None:
    """File, an existing line, what is wrong, what is right; on a line, in encodable text."""
    place = re.match(rf"{re.escape(str(path))}:(\d+): \S", fault)
    assert place, fault
    text = content.decode("utf-8", "replace").replace("\r", "\n")
    assert 1 <= int(place[1]) <= len(re.split("[\n\x85\u2028\u2029]", text))
    assert "; " in fault
    assert fault.encode()


@settings(max_examples=300)
@given(mangled())
def test_a_mangled_spec_is_a_spec_or_a_spec_error(text: str) -> None:
    told(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(replaced())
@example("central: 1\nremotes: 1\ndefaults: 1\n")
@example("defaults: {ssh: [], database: 5}\ncentral: {ssh: 1}\nremotes: {a: {ssh: {host: []}}}\n")
@example('remotes: {a: {broker_outputs: {"\\ud800": {port: []}}}}\ncentral: {"\\ud800": 1}\n')
@example("remotes: {a: {broker_outputs: {b: {retry_interval: {int: 5}}}}}\n")
def test_a_spec_with_any_values_is_a_spec_or_a_spec_error(text: str) -> None:
    told(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_spec_error(content: bytes) -> None:
    assert told(content)


@settings(max_examples=100)
@given(st.sampled_from(["databasePassword", "CENTREON_API_PASSWORD", "sudoPassword"]), st.data())
def test_a_password_in_a_secrets_place_is_never_told(name: str, data: st.DataObject) -> None:
    form = data.draw(
        st.sampled_from(
            [
                SECRET,
                f'"{SECRET}"',
                f"{{{SECRET}}}",
                f"[{SECRET}]",
                f"*{SECRET}",
                f"!{SECRET} x",
                f"!{SECRET}!x y",
                f"{{{SECRET}: 1, {SECRET}: 2}}",
                f"{{env: [{SECRET}]}}",
                f'"{SECRET}\\q"',
                f'"{SECRET}',
                f"@{SECRET}",
                f"{{secret: a, {SECRET}: b}}",
                f"{SECRET}: {SECRET}",
                f"{{a: {SECRET}",
                f"|\n  {SECRET}",
                f"%{SECRET}",
                f"&{SECRET} {SECRET}",
                f"{{<<: {SECRET}}}",
                f"{{[{SECRET}]: 1}}",
            ]
        )
    )
    text = re.sub(rf"\{{\w+: {name}\}}", lambda _: form, EXAMPLE)
    faults = told(text.encode())
    assert faults
    assert not [fault for fault in faults if SECRET in fault]


@settings(max_examples=200)
@given(DATA)
def test_data_is_read_as_it_was_dumped(data: object) -> None:
    """Against PyYAML, quoted so that the readings of plain scalars don't matter."""
    text = yaml.dump(data, default_style='"', allow_unicode=True)
    if "!!" not in text:
        assert parse(text).data == yaml.safe_load(text)
