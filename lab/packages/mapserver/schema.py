"""The server's own database: its schema, each version's change of it, and sample content.

Tables and changes are the lab's own invention. They are made so that an older server can't work
with a newer schema, and so that a dump has a trigger, a routine, an event and a view to lose.
"""

import random
from collections.abc import Iterator
from typing import Any

from .database import Connection, query
from .release import Release

_VERSIONS = """
create table if not exists schema_version (
  version int not null,
  step int not null,
  installed_at timestamp not null default current_timestamp,
  primary key (version, step)
) engine=InnoDB
"""

_STEPS: dict[int, tuple[str, ...]] = {
    2210: (
        """
        create table if not exists map_view (
          id int not null auto_increment,
          name varchar(190) not null,
          owner varchar(190) not null,
          background longblob,
          changed_at timestamp not null default current_timestamp,
          primary key (id),
          unique key (name)
        ) engine=InnoDB default charset=utf8mb4
        """,
        """
        create table if not exists map_element (
          id int not null auto_increment,
          view_id int not null,
          host_id int not null,
          label varchar(190) not null,
          x int not null,
          y int not null,
          primary key (id),
          constraint map_element_view foreign key (view_id) references map_view (id)
            on delete cascade
        ) engine=InnoDB default charset=utf8mb4
        """,
        """
        create table if not exists map_session (
          id char(36) not null,
          login varchar(190) not null,
          expires_at datetime not null,
          primary key (id)
        ) engine=InnoDB default charset=utf8mb4
        """,
        """
        create or replace trigger map_element_added after insert on map_element for each row
        update map_view set changed_at = current_timestamp where id = new.view_id
        """,
        """
        create or replace procedure end_sessions(in at datetime)
        delete from map_session where expires_at < at
        """,
        """
        create or replace event end_sessions_daily on schedule every 1 day
        do delete from map_session where expires_at < now()
        """,
        """
        create or replace view map_size as
        select view_id, count(*) as elements from map_element group by view_id
        """,
    ),
    2304: (
        "alter table map_element change column if exists label title varchar(190) not null",
        "alter table map_element add column if not exists style text not null default '{}'",
        "update map_element set style = json_object('caption', title)",
    ),
    2310: (
        "alter table map_element"
        " add column if not exists position varchar(32) not null default '' after title",
        "update map_element set position = concat(x, ';', y)",
        "alter table map_element drop column if exists x, drop column if exists y",
    ),
    2311: (
        "alter table map_view add column if not exists folder varchar(190) not null default '/'",
        "update map_view set name = concat('[', owner, '] ', name)",
    ),
    2404: (
        "alter table map_view add column if not exists uuid char(36) not null default ''",
        "update map_view set uuid = uuid() where uuid = ''",
        "alter table map_view add unique key if not exists map_view_uuid (uuid)",
    ),
    2410: (
        """
        create table if not exists map_owner (
          id int not null auto_increment,
          login varchar(190) not null,
          primary key (id),
          unique key (login)
        ) engine=InnoDB default charset=utf8mb4
        """,
        "insert ignore into map_owner (login) select distinct owner from map_view order by owner",
        "alter table map_view add column if not exists owner_id int after name",
        "update map_view join map_owner on login = owner set owner_id = map_owner.id",
        "alter table map_view drop column if exists owner",
    ),
}  # fmt: skip


class SchemaError(Exception):
    """The database's schema is not one that this version can work with."""


def version_of(connection: Connection) -> int:
    """The schema's version; 0 for an empty database."""
    if not query(connection, "show tables like 'schema_version'"):
        return 0
    return int(query(connection, "select coalesce(max(version), 0) from schema_version")[0][0])


def migrate(connection: Connection, release: Release) -> int:
    """Bring the schema up to the release's; how many steps that took.

    A migration that was broken off goes on where it stopped. Raises `SchemaError` for a schema
    that is newer.
    """
    found = version_of(connection)
    if found > release.schema:
        raise SchemaError(
            f"the schema of {release.edition.database} is at {found}, newer than"
            f" {release.schema} of version {release.version}"
        )
    query(connection, _VERSIONS)
    done = set(query(connection, "select version, step from schema_version"))
    steps = [step for step in _steps(release.schema) if step[:2] not in done]
    for version, number, statement in steps:
        query(connection, statement)
        query(connection, "insert into schema_version (version, step) values (%s, %s)",
              version, number)  # fmt: skip
    return len(steps)


def _steps(schema: int) -> Iterator[tuple[int, int, str]]:
    """The steps to a schema. That of a faulty version is on the way to no other."""
    for version, statements in _STEPS.items():
        if version <= schema and (version != 2311 or schema == 2311):
            for number, statement in enumerate(statements):
                yield version, number, statement


def add_sample(connection: Connection, schema: int, views: int, background: int) -> None:
    """Add views with ten elements each, always the same; `background` is bytes per view."""
    chance = random.Random(views)
    query(connection, "set @picture = %s", chance.randbytes(background))
    first = query(connection, "select coalesce(max(id), 0) + 1 from map_view")[0][0]
    for id in range(first, first + views):
        owner = chance.choice(("admin", "zoé", "o'hara"))
        query(connection, "begin")
        row = {"id": id, "name": f"Vue {id} en été"} | _newer_view(connection, schema, owner)
        _insert(connection, "map_view", row)
        query(
            connection,
            "update map_view set background = concat(%s, @picture) where id = %s",
            *(str(id), id),
        )
        for _ in range(10):
            _insert(connection, "map_element", _element(chance, schema, id))
        query(connection, "commit")


def _newer_view(connection: Connection, schema: int, owner: str) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if schema >= 2404:
        columns["uuid"] = query(connection, "select uuid()")[0][0]
    if schema < 2410:
        return columns | {"owner": owner}
    query(connection, "insert ignore into map_owner (login) values (%s)", owner)
    found = query(connection, "select id from map_owner where login = %s", owner)
    return columns | {"owner_id": found[0][0]}


def _element(chance: random.Random, schema: int, view_id: int) -> dict[str, Any]:
    host, x, y = chance.randrange(10000), chance.randrange(2000), chance.randrange(1000)
    row: dict[str, Any] = {"view_id": view_id, "host_id": host}
    label = f"hôte “{host}”"
    row |= {"label": label} if schema < 2304 else {"title": label}
    row |= {"x": x, "y": y} if schema < 2310 else {"position": f"{x};{y}"}
    return row


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    columns, marks = ", ".join(row), ", ".join("%s" for _ in row)
    query(connection, f"insert into {table} ({columns}) values ({marks})", *row.values())
