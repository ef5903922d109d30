"""What Centreon does with a poller's configuration: generate, test, move, reload, restart.

Sources: www/class/centreon-clapi/centreon.Config.Poller.class.php for CLAPI,
www/include/configuration/configGenerate/xml for the Web's own export, which REST v2 runs too.
"""

import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from . import centcore, engine_files, generation, paths, php
from .database import Database, Row


class UnknownPollerError(Exception):
    """No row of nagios_server has this id or name; it says which pollers there are."""


def is_id(id_or_name: str) -> bool:
    """Whether Centreon takes this for an id (PHP's is_numeric, near enough)."""
    return re.fullmatch(r"\s*[+-]?\d+(\.\d*)?", id_or_name) is not None


def find(database: Database, id_or_name: str) -> Row:
    """The row of nagios_server of an id or a name. Raises `UnknownPollerError`."""
    column = "id" if is_id(id_or_name) else "name"
    row = database.row(f"select * from nagios_server where {column} = %s", id_or_name)
    if row is None:
        raise UnknownPollerError(id_or_name)
    return row


def active(database: Database) -> list[Row]:
    """The active pollers by id."""
    return database.rows("select id, name from nagios_server where ns_activate = '1' order by id")


def generate(database: Database, poller: Row) -> None:
    """Make the files of a poller in the cache, replacing those of the last time.

    Raises OSError when the cache isn't writable, LookupError when tables lack something.
    """
    for cache, files in (
        (paths.ENGINE_CACHE, engine_files.generate(database, poller["id"])),
        (paths.BROKER_CACHE, generation.generate(database, poller["id"])),
    ):
        made = Path(tempfile.mkdtemp(prefix="tmpdir_", suffix=".d", dir=cache))
        made.chmod(0o770)
        for name, text in files.items():
            (made / name).write_text(text)
        place = cache / str(poller["id"])
        if place.exists():
            shutil.rmtree(place)
        made.rename(place)
    _give_to_web_server(poller["id"])


def _give_to_web_server(poller_id: int) -> None:
    """As root (CLAPI), give the files to the user that the web server runs as."""
    owner = web_user()
    for cache in (paths.ENGINE_CACHE, paths.BROKER_CACHE):
        place = cache / str(poller_id)
        for path in (place, *place.iterdir()):
            if path.owner() != owner:
                shutil.chown(path, owner, owner)


def web_user() -> str:
    """WEB_USER of /etc/centreon/instCentWeb.conf."""
    found = re.search(r"^WEB_USER=([\w-]+)", paths.INSTALLATION.read_text(), re.M)
    assert found is not None, f"{paths.INSTALLATION} names WEB_USER from installation on"
    return found[1]


def test(database: Database, poller: Row) -> tuple[int, list[str]]:
    """Let the central's engine check the generated files: its exit code and its output."""
    central = database.row(
        "select nagios_bin from nagios_server where localhost = '1' order by ns_activate desc"
    )
    assert central is not None, "the central has its row in nagios_server from installation on"
    file = paths.ENGINE_CACHE / str(poller["id"]) / "centengine.DEBUG"
    result = subprocess.run(
        [*shlex.split(central["nagios_bin"]), "-v", str(file)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout.splitlines()


def move(database: Database, poller: Row) -> None:
    """Copy the central's own files at once; for another poller leave that to gorgone.

    For a remote server, a task to export its tables is queued first.
    """
    if poller["localhost"] == "1":
        _copy_to_this_host(database, poller)
        return
    for remote_id in _remotes_concerned(database, poller["id"]):
        _queue_export(database, remote_id)
    centcore.send(centcore.Command("SENDCFGFILE", poller["id"]))


def _copy_to_this_host(database: Database, poller: Row) -> None:
    engine = database.row(
        "select cfg_dir from cfg_nagios where nagios_server_id = %s", poller["id"]
    )
    assert engine is not None, "a poller with generated files has an engine configuration"
    for cache, directory in (
        (paths.ENGINE_CACHE, engine["cfg_dir"]),
        (paths.BROKER_CACHE, poller["centreonbroker_cfg_path"]),
    ):
        for file in _movable(cache / str(poller["id"])):
            shutil.copyfile(file, Path(directory) / file.name)


def _movable(directory: Path) -> Iterator[Path]:
    return (file for file in directory.glob("*") if file.suffix in (".json", ".cfg"))


def _remotes_concerned(database: Database, poller_id: int) -> list[int]:
    """The poller itself if it is a remote, or the remotes that it is attached to."""
    rows = database.rows(
        "select server_id as id from platform_topology where type = 'remote' and server_id in ("
        " select %s union select remote_id from nagios_server where id = %s"
        " union select remote_server_id from rs_poller_relation where poller_server_id = %s)",
        *[poller_id] * 3,
    )
    return [row["id"] for row in rows]


def _queue_export(database: Database, remote_id: int) -> None:
    attached = database.rows(
        "select id from nagios_server where remote_id = %s"
        " union select poller_server_id from rs_poller_relation where remote_server_id = %s",
        remote_id,
        remote_id,
    )
    pollers = [row["id"] for row in attached] or [remote_id]
    parameters = php.serialize({"params": {"server": remote_id, "pollers": pollers}})
    database.execute(
        "insert into task (type, status, params, created_at)"
        " values ('export', 'pending', %s, now())",
        parameters,
    )


def signal_from_clapi(database: Database, poller: Row, command: str) -> None:
    """RELOAD or RESTART of the engine and, as CLAPI alone does, RELOADBROKER of its cbd."""
    names = (command, "RELOADBROKER")
    centcore.send(*(centcore.Command(name, poller["id"]) for name in names))
    database.execute(
        "update nagios_server set last_restart = %s where id = %s", int(time.time()), poller["id"]
    )


def reload_from_web(database: Database, poller: Row) -> None:
    """RELOAD of the engine, and of the central's cbd whichever the poller is."""
    central = database.row("select id from nagios_server where localhost = '1'")
    assert central is not None, "the central has its row in nagios_server from installation on"
    centcore.send(
        centcore.Command("RELOADBROKER", central["id"]), centcore.Command("RELOAD", poller["id"])
    )
    database.execute(
        "update nagios_server set last_restart = %s, updated = '0' where id = %s",
        int(time.time()),
        poller["id"],
    )
