"""A spec as inputs: plain values, nothing that is a default, no secret, the same every time."""

import json
from pathlib import Path
from typing import Any

from mapinfra.platform import arguments
from mapinfra.resources import inputs
from mapinfra.resources.broker.kind import BrokerOutputsKind
from mapinfra.resources.topology.kind import TopologyFlagKind
from mapinfra.spec import Spec, load

SPEC = """\
central:
  ssh: {host: central.example.net}
  database: {user: m, password: {file: pw}}
  api: {url: "https://central.example.net/centreon/", user: admin, password: {env: P}}
remotes:
  paris:
    ssh: {host: paris.example.net, become: sudo}
    database: {user: m, password: {file: pw}}
    pages: {Images: shown, 50103: hidden}
    broker_configuration: paris-broker
    broker_outputs:
      Centreon-Map: {categories: [neb, bam], retry_interval: 30, tls: no}
  lyon:
    broker_outputs: {Centreon-Map: {}}
"""


def _spec(folder: Path) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(SPEC)
    return load(path)


def _outputs(folder: Path, remote: str) -> dict[str, Any]:
    spec = _spec(folder)
    given = arguments.broker_outputs(spec, remote, spec.remotes[remote])
    return inputs.broker_outputs(remote, given)


def test_a_page_is_text_whatever_the_spec_gives(tmp_path: Path) -> None:
    spec = _spec(tmp_path)
    wanted = [
        inputs.topology_flag("x", arguments.topology_flag(spec, "paris", page, visibility))
        for page, visibility in spec.remotes["paris"].pages.items()
    ]
    assert [(one["page"], one["shown"]) for one in wanted] == [("Images", True), ("50103", False)]
    kind = TopologyFlagKind()
    assert [kind.desired(one).page for one in wanted] == ["Images", "50103"]


def test_what_is_a_default_stays_out(tmp_path: Path) -> None:
    wanted = _outputs(tmp_path, "paris")
    assert wanted["remote"]["ssh"] == {"host": "paris.example.net", "become": "sudo"}
    assert wanted["api"]["password"] == {"env": "P"}
    assert wanted["poller"] == "paris"
    assert wanted["configuration"] == "paris-broker"


def test_a_remote_that_names_nothing_is_found_by_its_name(tmp_path: Path) -> None:
    wanted = _outputs(tmp_path, "lyon")
    assert wanted["remote"] == {"name": "lyon", "ssh": {"host": "lyon"}}
    assert "configuration" not in wanted


def test_values_of_an_output_are_text_and_in_order(tmp_path: Path) -> None:
    wanted = _outputs(tmp_path, "paris")
    values = wanted["outputs"]["Centreon-Map"]
    assert (values["port"], values["retry_interval"], values["tls"]) == ("5758", "30", "no")
    assert values["categories"] == ["bam", "neb"]


def test_inputs_survive_pulumis_json(tmp_path: Path) -> None:
    wanted = _outputs(tmp_path, "paris")
    kind = BrokerOutputsKind()
    desired = kind.desired(json.loads(json.dumps(wanted)))
    assert desired == kind.desired(wanted)
    assert {output.name: output.values() for output in desired.outputs} == wanted["outputs"]
