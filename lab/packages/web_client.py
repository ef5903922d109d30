"""The packages of Centreon Web's tree: the web client with its widget, and License Manager."""

from .package import Directory, File, Package

_WWW = "/usr/share/centreon/www"
MODULE = "centreon-map4-web-client"
WIDGET = "centreon-map-views"
LICENSE_MANAGER = "centreon-license-manager"

_INSTALL = """\
insert into options (`key`, value) values
  ('map_light_server_address', ''),
  ('map_light_server_address_ng', ''),
  ('map_light_server_using_ng', '0');
"""
_UNINSTALL = "delete from options where `key` like 'map_light_server_%';\n"


def web_client(version: str) -> Package:
    """centreon-map-web-client: one module and one widget."""
    module = f"{_WWW}/modules/{MODULE}"
    settings = {
        "rname": "Map web client", "name": MODULE, "mod_release": version, "author": "Centreon",
        "infos": "Maps of the monitored resources", "is_removeable": "1", "stability": "stable",
    }  # fmt: skip
    extra = ("require_license'] = true", f"dependencies'] = ['{LICENSE_MANAGER}']")
    return Package(
        name="centreon-map-web-client",
        version=version,
        summary="Centreon MAP web client and widget (stand-in)",
        files=(
            File(f"{module}/conf.php", _conf(MODULE, settings, *extra).encode()),
            File(f"{module}/sql/install.sql", _INSTALL.encode()),
            File(f"{module}/sql/uninstall.sql", _UNINSTALL.encode()),
            File(f"{_WWW}/widgets/{WIDGET}/configs.xml", _widget(version).encode()),
        ),
        directories=(Directory(module), Directory(f"{_WWW}/widgets/{WIDGET}")),
        requires_rpm=(LICENSE_MANAGER,),
        requires_deb=(LICENSE_MANAGER,),
    )


def license_manager(version: str) -> Package:
    """centreon-license-manager: the module that the web client needs."""
    directory = f"{_WWW}/modules/{LICENSE_MANAGER}"
    settings = {
        "rname": "License Manager", "name": LICENSE_MANAGER, "mod_release": version,
        "author": "Centreon", "infos": "Licences of extensions", "is_removeable": "1",
        "stability": "stable",
    }  # fmt: skip
    return Package(
        name=LICENSE_MANAGER,
        version=version,
        summary="Centreon License Manager (stand-in)",
        files=(File(f"{directory}/conf.php", _conf(LICENSE_MANAGER, settings).encode()),),
        directories=(Directory(directory),),
    )


def _conf(module: str, settings: dict[str, str], *extra: str) -> str:
    lines = [f"$module_conf['{module}']['{key}'] = '{value}';" for key, value in settings.items()]
    lines += [f"$module_conf['{module}']['{setting};" for setting in extra]
    return "\n".join(["<?php", "", *lines, ""])


def _widget(version: str) -> str:
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<configs>
  <title>MAP - Display views</title>
  <author>Centreon</author>
  <email>contact@centreon.com</email>
  <website>http://www.centreon.com</website>
  <description>A view of Centreon MAP</description>
  <version>{version}</version>
  <keywords>centreon, widget, map, view</keywords>
  <url>./widgets/{WIDGET}/index.php</url>
  <autoRefresh>0</autoRefresh>
</configs>
"""
