"""Specs that are refused, each with the whole of what is said about it.

An edit of BASE: the text replaced, what stands there instead, and the faults.
"""

from typing import Final

MAP: Final = "map: {edition: engine, version: 23.10.3}\n"
BASE: Final = """\
defaults:
  ssh: {user: mapinfra}
central:
  ssh: {host: central.example.net}
  database: {user: mapinfra}
  api: {url: https://central.example.net/centreon, user: mapinfra, password: {env: API}}
remotes:
  paris:
    ssh: {host: paris.example.net}
    database: {user: mapinfra}
    pages: {Images: shown}
    broker_outputs:
      Centreon-Map: {}
  lyon: {}
"""
OUTPUT: Final = "Centreon-Map: {}"
SSH: Final = "    ssh: {host: paris.example.net}"
_AT_OUTPUT: Final = "dev.yaml:13: remotes.paris.broker_outputs.Centreon-Map"
_AT_SSH: Final = "dev.yaml:9: remotes.paris.ssh"
_REFERENCES: Final = "write {secret: KEY}, {env: NAME} or {file: PATH}"
_CLEAR_TEXT: Final = f"a clear text password has no place in a spec; {_REFERENCES}"
_NO_REFERENCE: Final = f"not a reference to a secret; {_REFERENCES}"
_URL: Final = (
    "not the address of Centreon Web (http or https, no user or password in it); "
    "write one such as https://central.example.net/centreon"
)
_REMOTE_KEYS: Final = (
    "ssh, database, api, map_server, poller, pages, broker_configuration, broker_outputs"
)


def output(given: str, key: str, text: str) -> tuple[str, str, list[str]]:
    """One field of the output in line 13."""
    return OUTPUT, f"Centreon-Map: {{{given}}}", [f"{_AT_OUTPUT}.{key}: {text}"]


def ssh(given: str, key: str, text: str) -> tuple[str, str, list[str]]:
    """One field of the ssh block in line 9."""
    return SSH, f"{SSH[:-1]}, {given}}}", [f"{_AT_SSH}.{key}: {text}"]


# What a JSON Schema can see, too.
VALUES: Final = {
    "line read as a number": (
        "central:\n",
        f"{MAP[:-2]}, release_notes_read: 23.10}}\ncentral:\n  map_server: {{}}\n",
        [
            "dev.yaml:3: map.release_notes_read: read as a number; write a line such as 23.10 in "
            "quotes"
        ],
    ),
    "port too high": output(
        "port: 70000", "port", "70000 is not a port; write a number from 1 to 65535"
    ),
    "port quoted": output(
        'port: "5758"',
        "port",
        '"5758" is not a port; write a number from 1 to 65535, without quotes',
    ),
    "port of leading zero": output(
        "port: 05758",
        "port",
        '"05758" is not a port; write a number from 1 to 65535, without quotes',
    ),
    "port of base 60": output(
        "port: 57:58", "port", '"57:58" is not a port; write a number from 1 to 65535'
    ),
    "port a boolean": output(
        "port: yes", "port", "yes is not a port; write a number from 1 to 65535"
    ),
    "port a fraction": output(
        "port: 57.5", "port", "57.5 is not a port; write a number from 1 to 65535"
    ),
    "port a list": output(
        "port: [1]", "port", "a list is not a port; write a number from 1 to 65535"
    ),
    "port empty": output("port: ", "port", "nothing is not a port; write a number from 1 to 65535"),
    "port of endless digits": output(
        f"port: {'9' * 5000}",
        "port",
        f'"{"9" * 60}…" is not a port; write a number from 1 to 65535, without quotes',
    ),
    "tls": output("tls: maybe", "tls", '"maybe" is not allowed; write no, yes or auto'),
    "negotiation": output(
        "negotiation: auto", "negotiation", '"auto" is not allowed; write no or yes'
    ),
    "protocol": output("protocol: ndo", "protocol", '"ndo" is not allowed; write bbdo'),
    "buffering timeout": output(
        "buffering_timeout: -1",
        "buffering_timeout",
        "-1 is not allowed; write a whole number from 0 up",
    ),
    "retry interval": output(
        "retry_interval: soon",
        "retry_interval",
        '"soon" is not allowed; write a whole number from 0 up or ""',
    ),
    "compression level": output(
        "compression_level: 10",
        "compression_level",
        '10 is not allowed; write a number from -1 to 9 or ""',
    ),
    "text too long": output(
        f"failover: {'x' * 256}",
        "failover",
        f'"{"x" * 60}…" is not allowed; write text of up to 255 characters',
    ),
    "text a number": output("host: 75", "host", "read as a number, not as text; put it in quotes"),
    "category": output(
        "categories: [neb, foo]",
        "categories.1",
        '"foo" is not allowed; write neb, storage, correlation, dumper or bam',
    ),
    "category alone": output(
        "categories: neb",
        "categories",
        '"neb" is not allowed; write a list of neb, storage, correlation, dumper or bam',
    ),
    "category twice": output(
        "categories: [neb, neb]", "categories", "neb stands there twice; write it once"
    ),
    "no categories": output(
        "categories: []",
        "categories",
        "an output without categories sends nothing; write [bam, neb]",
    ),
    "unknown key": output("prot: 1", "prot", "unknown key; did you mean port?"),
    "unknown key of nothing known": (
        "env: API",
        "password: x",
        [f"dev.yaml:6: central.api.password: {_NO_REFERENCE}"],
    ),
    "unknown block": (
        "remotes:\n",
        "remote: {}\nremotes:\n",
        ["dev.yaml:7: remote: unknown key; did you mean remotes?"],
    ),
    "unlike any key": (
        "  lyon: {}",
        "  lyon: {xyz: 1}",
        [
            "dev.yaml:14: remotes.lyon.xyz: unknown key; known are ssh, database, api, map_server, "
            "poller, pages, broker_configuration or broker_outputs"
        ],
    ),
    "unknown key in defaults": (
        "ssh: {user: mapinfra}",
        "ssh: {becom: sudo}",
        ["dev.yaml:2: defaults.ssh.becom: unknown key; did you mean become?"],
    ),
    "unknown default": (
        "defaults:\n",
        "defaults:\n  api: {}\n",
        ["dev.yaml:2: defaults.api: unknown key; known are ssh or database"],
    ),
    "wrong value in defaults, told once": (
        "{user: mapinfra}\ncentral",
        "{port: 0}\ncentral",
        ["dev.yaml:2: defaults.ssh.port: 0 is not a port; write a number from 1 to 65535"],
    ),
    "default nobody borrows": (
        "defaults:\n",
        "defaults:\n  database: {user: 75}\n",
        ["dev.yaml:2: defaults.database.user: read as a number, not as text; put it in quotes"],
    ),
    "host in defaults": (
        "ssh: {user: mapinfra}",
        "ssh: {host: all.example.net}",
        [
            "dev.yaml:2: defaults.ssh.host: each host has its own address; write it in the ssh of "
            "that host"
        ],
    ),
    "defaults not a block": (
        "defaults:\n  ssh: {user: mapinfra}\n",
        "defaults: none\n",
        [
            "dev.yaml:1: defaults: text where a block of keys belongs; write {} for none, or some "
            "of: ssh, database"
        ],
    ),
    "no api": (
        "  api: {url: https://central.example.net/centreon, user: mapinfra, "
        "password: {env: API}}\n",
        "",
        ["dev.yaml:3: central.api: missing; add it: Centreon's web API"],
    ),
    "no api password": (
        ", password: {env: API}",
        "",
        ["dev.yaml:6: central.api.password: missing; add it: That user's password"],
    ),
    "no remotes": (
        BASE[BASE.index("remotes:") :],
        "",
        [
            "dev.yaml:1: remotes: missing; add it: The remote servers, by a name of your choice. "
            "`{}` for none"
        ],
    ),
    "remote empty": (
        "lyon: {}",
        "lyon:",
        [
            "dev.yaml:14: remotes.lyon: nothing where a block of keys belongs; write {} for none, "
            f"or some of: {_REMOTE_KEYS}"
        ],
    ),
    "remotes a list": (
        BASE[BASE.index("remotes:") :],
        "remotes: [paris]\n",
        [
            "dev.yaml:7: remotes: a list where a block of keys belongs; write {} for none, or "
            "some of: names of your choice"
        ],
    ),
    "remote of a name with spaces": (
        "  lyon:",
        "  Lyon Part-Dieu:",
        [
            'dev.yaml:14: remotes."Lyon Part-Dieu": not the name of a remote; write letters, '
            "digits, dots, hyphens and underscores"
        ],
    ),
    "remote named central": (
        "  lyon:",
        "  central:",
        ["dev.yaml:14: remotes.central: a remote can't have the central's name; give it another"],
    ),
    "output of a name with spaces": (
        OUTPUT,
        "Centreon  Map: {}",
        [
            'dev.yaml:13: remotes.paris.broker_outputs."Centreon  Map": Centreon turns spaces in '
            "an output's name into _; write Centreon_Map"
        ],
    ),
    "output of an empty name": (
        OUTPUT,
        '"": {}',
        [
            'dev.yaml:13: remotes.paris.broker_outputs."": an output needs a name; Centreon-Map '
            "is the manual's"
        ],
    ),
    "page of an empty name": (
        "Images: shown",
        '"": shown',
        [
            'dev.yaml:11: remotes.paris.pages."": a page needs a name or an id; write for example '
            "Images or 50102"
        ],
    ),
    "page neither shown nor hidden": (
        "Images: shown",
        "Images: true",
        ["dev.yaml:11: remotes.paris.pages.Images: yes is not allowed; write shown or hidden"],
    ),
    "url of another kind": (
        "https://central",
        "ssh://central",
        [f"dev.yaml:6: central.api.url: {_URL}"],
    ),
    "url with a password": (
        "https://central",
        "https://admin:hunter2@central",
        [f"dev.yaml:6: central.api.url: {_URL}"],
    ),
    "become": ssh("become: root", "become", '"root" is not allowed; write none or sudo'),
    "timeout": ssh(
        "connect_timeout: 0",
        "connect_timeout",
        "0 is not allowed; write a number above 0 and up to 3600",
    ),
    "host key": ssh(
        "host_key: SHA256:abc",
        "host_key",
        '"SHA256:abc" is not allowed; write the host\'s public key, `type base64`, as in '
        "known_hosts",
    ),
    "poller a boolean": (
        "lyon: {}",
        "lyon: {poller: on}",
        ["dev.yaml:14: remotes.lyon.poller: read as yes or no, not as text; put it in quotes"],
    ),
    "clear text password": (
        "{env: API}",
        "hunter2",
        [f"dev.yaml:6: central.api.password: {_CLEAR_TEXT}"],
    ),
    "clear text password of digits": (
        "{env: API}",
        "12345678",
        [f"dev.yaml:6: central.api.password: {_CLEAR_TEXT}"],
    ),
    "password as a key": (
        "{env: API}",
        "{hunter2}",
        [f"dev.yaml:6: central.api.password: {_NO_REFERENCE}"],
    ),
    "password in a list": (
        "{env: API}",
        "[hunter2]",
        [f"dev.yaml:6: central.api.password: {_NO_REFERENCE}"],
    ),
    "reference of two ways": (
        "{env: API}",
        "{env: API, secret: api}",
        [f"dev.yaml:6: central.api.password: {_NO_REFERENCE}"],
    ),
    "reference without a name": (
        "{env: API}",
        "{env: }",
        [f"dev.yaml:6: central.api.password: {_NO_REFERENCE}"],
    ),
    "clear text sudo password": ssh(
        "become: sudo, sudo_password: hunter2", "sudo_password", _CLEAR_TEXT
    ),
    "clear text passphrase": ssh(
        "identity_passphrase: hunter2", "identity_passphrase", _CLEAR_TEXT
    ),
    "clear text default": (
        "defaults:\n",
        "defaults:\n  database: {user: mapinfra, password: hunter2}\n",
        [f"dev.yaml:2: defaults.database.password: {_CLEAR_TEXT}"],
    ),
}

# What only the loader can see.
RELATIONS: Final = {
    "version as the vendor doesn't write it": (
        "central:\n",
        MAP.replace("23.10.3", "23.4.1") + "central:\n  map_server: {}\n",
        [
            "dev.yaml:3: map.version: '23.4.1' is no version of Centreon; write it in full, like "
            "22.10.5"
        ],
    ),
    "settings of a file that has none": (
        "central:\n",
        f"{MAP[:-2]}, settings: {{map.conf: {{a: b}}}}}}\ncentral:\n  map_server: {{}}\n",
        [
            "dev.yaml:3: map.settings: map.conf is no file of settings; known are "
            "centreon-database.properties, centreon-map.conf, map-config.properties, "
            "map-database.properties, studio-config.properties, studio-database.properties"
        ],
    ),
    "MAP without a MAP server": (
        "central:\n",
        f"{MAP}central:\n",
        [
            "dev.yaml:3: map: no server has it; add a block map_server to the central or a remote, "
            "or take it out"
        ],
    ),
    "MAP server without a MAP": (
        "  database: {user: mapinfra}\n  api",
        "  map_server: {}\n  database: {user: mapinfra}\n  api",
        [
            "dev.yaml:5: central.map_server: nothing says which MAP; add a block map with edition "
            "and version"
        ],
    ),
    "MAP server nobody knows where": (
        "central:\n",
        f"{MAP}central:\n  map_server: {{ssh: {{user: map}}}}\n",
        [
            "dev.yaml:5: central.map_server.ssh: it has no host; write ssh.host, or no ssh for MAP "
            "on this host itself"
        ],
    ),
    "MAP server on the host of another": (
        "central:\n",
        f"{MAP}central:\n  map_server: {{ssh: {{host: paris.example.net}}}}\n",
        [
            "dev.yaml:5: central.map_server.ssh.host: paris.example.net is the host of paris "
            "already; each has its own"
        ],
    ),
    "MAP server of a remote without its API": (
        "    database: {user: mapinfra}\n    pages",
        "    database: {user: mapinfra}\n    map_server: {}\n    pages",
        [
            "dev.yaml:11: remotes.paris.map_server: nothing says which MAP; add a block map with "
            "edition and version",
            "dev.yaml:11: remotes.paris.map_server: it needs the remote's own web API; add api to "
            "this remote",
        ],
    ),
    "desktop client of the edition for browsers": (
        "central:\n",
        f"{MAP[:-2]}, desktop_client: {{mirror: /srv/clients}}}}\ncentral:\n  map_server: {{}}\n",
        [
            "dev.yaml:3: map.desktop_client: browsers need no client; take it out, it goes with "
            "edition: legacy"
        ],
    ),
    "user given nowhere": (
        "  database: {user: mapinfra}\n  api",
        "  database: {port: 3307}\n  api",
        ["dev.yaml:5: central.database.user: missing; add it: MariaDB user"],
    ),
    "user missing in a default": (
        "{user: mapinfra}\ncentral",
        "{user: mapinfra}\n  database: {port: 3307}\ncentral",
        ["dev.yaml:15: remotes.lyon.database.user: missing; add it: MariaDB user"],
    ),
    "remote of a number": (
        "  lyon:",
        "  75:",
        ["dev.yaml:14: remotes.75: 75 is a number, not a name; put it in quotes"],
    ),
    "output of a number": (
        OUTPUT,
        "75: {}",
        [
            "dev.yaml:13: remotes.paris.broker_outputs.75: 75 is a number, not a name; put it in "
            "quotes"
        ],
    ),
    "page id of no page": (
        "Images: shown",
        "0: shown",
        [
            "dev.yaml:11: remotes.paris.pages.0: 0 is not a page id; write the page's name or its "
            "id, such as 50102"
        ],
    ),
    "url of an impossible port": (
        "central.example.net/centreon",
        "central.example.net:99999/centreon",
        [f"dev.yaml:6: central.api.url: {_URL}"],
    ),
    "one poller for two remotes": (
        "lyon: {}",
        "lyon: {poller: Paris}",
        [
            "dev.yaml:14: remotes.lyon.poller: Paris is the poller of paris already; each remote "
            "has its own"
        ],
    ),
    "one host for two remotes": (
        "lyon: {}",
        "lyon: {ssh: {host: Paris.example.net}}",
        [
            "dev.yaml:14: remotes.lyon.ssh.host: paris.example.net is the host of paris already; "
            "each has its own"
        ],
    ),
    "a remote on the central": (
        "lyon: {}",
        "lyon: {ssh: {host: central.example.net}}",
        [
            "dev.yaml:14: remotes.lyon.ssh.host: central.example.net is the host of central "
            "already; each has its own"
        ],
    ),
    "two outputs on one port": (
        OUTPUT,
        "Centreon-Map: {}\n      other:\n        port: 5758",
        [
            "dev.yaml:15: remotes.paris.broker_outputs.other.port: 5758 is the port of "
            "Centreon-Map already; write another"
        ],
    ),
    "two outputs on the standard port": (
        OUTPUT,
        "Centreon-Map: {}\n      other: {}",
        [
            "dev.yaml:14: remotes.paris.broker_outputs.other.port: 5758 is the port of "
            "Centreon-Map already; write another"
        ],
    ),
    "a key of another type of output": (
        OUTPUT,
        "Centreon-Map:\n        type: bbdo_server\n        negotiation: yes\n"
        "        tls: auto\n      other: {port: 5759, transport: gRPC}",
        [
            "dev.yaml:15: remotes.paris.broker_outputs.Centreon-Map.negotiation: an output of type "
            "bbdo_server has no such key; take it out",
            "dev.yaml:16: remotes.paris.broker_outputs.Centreon-Map.tls: a bbdo_server knows no "
            "auto; write yes or no",
            "dev.yaml:17: remotes.paris.broker_outputs.other.transport: an output of type ipv4 has "
            "no such key; take it out",
        ],
    ),
    "two listeners on one port, of two types": (
        OUTPUT,
        "Centreon-Map: {}\n      other: {type: bbdo_server, host: 192.0.2.7}",
        [
            "dev.yaml:14: remotes.paris.broker_outputs.other.port: 5758 is the port of "
            "Centreon-Map already; write another"
        ],
    ),
    "sudo password without sudo": ssh(
        "sudo_password: {env: SUDO}",
        "sudo_password",
        "of no use without sudo; write become: sudo, or take it out",
    ),
    "default sudo password without sudo, told once": (
        "{user: mapinfra}\ncentral",
        "{sudo_password: {env: SUDO}}\ncentral",
        [
            "dev.yaml:2: defaults.ssh.sudo_password: of no use without sudo; write become: sudo, "
            "or take it out"
        ],
    ),
    "pages without a database": (
        "lyon: {}",
        "lyon: {pages: {Images: shown}}",
        [
            "dev.yaml:14: remotes.lyon.pages: pages are kept in the remote's database; add "
            "database here or in defaults"
        ],
    ),
    "key given twice": (
        OUTPUT,
        "Centreon-Map: {}\n      Centreon-Map: {port: 1}",
        [
            "dev.yaml:14: remotes.paris.broker_outputs.Centreon-Map: given twice, first on line "
            "13; keep one of the two"
        ],
    ),
    "page given twice": (
        "Images: shown",
        '50102: shown, "50102": hidden',
        [
            "dev.yaml:11: remotes.paris.pages.50102: given twice, first on line 11; keep one of "
            "the two"
        ],
    ),
    "tag": (
        OUTPUT,
        "Centreon-Map: {failover: !other x}",
        [
            f"{_AT_OUTPUT}.failover: tags have no use in a spec; put text that begins with ! in "
            "quotes"
        ],
    ),
    "key that is a list": (
        "lyon: {}",
        "lyon: {[a]: b}",
        ["dev.yaml:14: remotes.lyon: a list or block as a key; write a name as the key"],
    ),
    "merge of text": (
        "lyon: {}",
        "lyon: {<<: text}",
        [
            "dev.yaml:14: remotes.lyon: `<<` merges blocks of keys only; write `<<: *name` of "
            "such a block"
        ],
    ),
}
