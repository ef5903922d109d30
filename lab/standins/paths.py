"""Where Centreon Web 22.10, Engine, Broker and Gorgone keep their files on a host."""

from pathlib import Path

WEB_SETTINGS = Path("/etc/centreon/centreon.conf.php")
"""Names the databases and the user `centreon` that Web reads and writes them with."""
INSTALLATION = Path("/etc/centreon/instCentWeb.conf")
"""Holds WEB_USER, the user of the web server, who owns generated files."""
MODULES = Path("/usr/share/centreon/www/modules")
WIDGETS = Path("/usr/share/centreon/www/widgets")

ENGINE_CACHE = Path("/var/cache/centreon/config/engine")
BROKER_CACHE = Path("/var/cache/centreon/config/broker")
"""Generated configurations, a directory per poller id, before they are moved to the pollers."""
EXPORT_CACHE = Path("/var/cache/centreon/config/export")
"""On the central: the tables exported for a remote, a directory per poller id."""
REMOTE_DATA = Path("/var/cache/centreon/config/remote-data")
"""On a remote: the tables that the central exported, until they are imported."""
MANIFEST = "manifest.json"

COMMAND_FILE = Path("/var/lib/centreon/centcore.cmd")
COMMAND_DIRECTORY = Path("/var/lib/centreon/centcore")
"""Commands for gorgone, `NAME:poller id[:parameter]` a line; the file is the older way."""

ENGINE_ETC = Path("/etc/centreon-engine")
BROKER_ETC = Path("/etc/centreon-broker")
BROKER_LOGS = Path("/var/log/centreon-broker")
GORGONE_ETC = Path("/etc/centreon-gorgone")
GORGONE_KEY = GORGONE_ETC / "gorgone.key"
GORGONE_SETTINGS = GORGONE_ETC / "config.d/90-lab.json"
GORGONE_LOG = Path("/var/log/centreon-gorgone/gorgoned.log")
