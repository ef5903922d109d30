"""Many remote servers on one host of the lab: each is an sshd that sees a system of its own.

Its machine-id, name, broker's files and records are its own; database and services are the host's.
The central knows each as a poller, with the broker's configuration of the host's own one.
"""

from typing import Any

from lab import Lab
from tests.lab.project import query, spec_of

_PORT = 2200
_START = """\
set -e
mkdir -p /run/sshd /var/lib/mapinfra
for n in $(seq "$1"); do
  own=/run/many/$n
  mkdir -p "$own/broker" "$own/records"
  printf '%032x\\n' "$n" >"$own/machine-id"
  echo "127.0.0.1 remote-$n" >>/etc/hosts
  systemd-run --quiet --unit="many-$n" unshare --uts --mount sh -ec "
    hostname remote-$n
    mount --bind $own/machine-id /etc/machine-id
    mount --bind $own/broker /etc/centreon-broker
    mount --bind $own/records /var/lib/mapinfra
    exec /usr/sbin/sshd -D -p $(($2 + n))"
done
until [ "$(ss -Hltn "sport > :$2 and sport <= :$(($2 + $1))" | awk '{ print $4 }' |
  grep -c '0[.]0[.]0[.]0:')" = "$1" ]; do sleep 0.1; done
"""
_POLLERS = """\
create temporary table p as select * from nagios_server where name = '{host}';
create temporary table c as select * from cfg_centreonbroker where config_name = '{host}-broker';
create temporary table r as select * from cfg_centreonbroker_info
  where config_id in (select config_id from c);
"""
_POLLER = """\
update p set id = 100 + {n}, name = 'remote-{n}';
insert into nagios_server select * from p;
update c set config_id = config_id + 100, ns_nagios_server = 100 + {n},
  config_name = 'remote-{n}-broker', config_filename = 'remote-{n}-broker.json';
insert into cfg_centreonbroker select * from c;
update r set config_id = config_id + 100;
insert into cfg_centreonbroker_info select * from r;
"""


def make_remotes(lab: Lab, name: str, number: int) -> dict[str, Any]:
    """Make so many on a host; return them as a spec has them, with an output each."""
    lab.host(name).run(["sh", "-c", _START, "sh", str(number), str(_PORT)], timeout=120)
    each = range(1, number + 1)
    pollers = _POLLERS.format(host=name) + "".join(_POLLER.format(n=n) for n in each)
    query(lab.host("central"), pollers)
    ssh = spec_of(lab)["remotes"][name]["ssh"]
    key = lab.host(name).run(["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout
    pin = {"host_key": " ".join(key.split()[:2]), "connect_timeout": 60, "command_timeout": 60}
    return {
        f"remote-{n}": {
            "ssh": {**ssh, **pin, "port": _PORT + n},
            "broker_outputs": {"Centreon-Map": {}},
        }
        for n in each
    }
