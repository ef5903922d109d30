"""The service gorgoned: takes commands from the queue, and listens for those of the central."""

import logging
import os
import socketserver
import threading
import time

import pymysql

from .. import centcore, export, systemd
from ..centcore import Command
from ..database import as_centreon
from . import link, node, settings
from .legacycmd import Poller
from .settings import Settings

_log = logging.getLogger("gorgone")


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, key: bytes, watchdog_delay: float) -> None:
        super().__init__(("0.0.0.0", link.PORT), _Handler)
        self.key = key
        self.watchdog_delay = watchdog_delay


class _Handler(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        caller = link.Caller(self.request, self.server.key)
        try:
            caller.answer(node.carry_out(caller.request(), self.server.watchdog_delay))
        except link.LinkError as error:
            _log.warning("%s: %s", self.client_address[0], error)


class Dispatcher:
    """Hands the commands of the queue to the threads of their pollers."""

    def __init__(self, own_settings: Settings, key: bytes) -> None:
        self._settings = own_settings
        self._key = key
        self._pollers: dict[int, Poller] = {}
        self._exports_due = 0.0

    def run_once(self) -> None:
        """Take the commands that wait; now and then also the exports."""
        for command in centcore.take():
            _log.info("handling %s", command)
            self._dispatch(command)
        if time.monotonic() >= self._exports_due:
            self._exports_due = time.monotonic() + self._settings.worker_interval
            for poller_id, task_id in self._exports():
                self._dispatch(Command("SENDEXPORTFILE", poller_id, str(task_id)))

    def _exports(self) -> list[tuple[int, int]]:
        with as_centreon() as database:
            return export.run_pending_exports(database)

    def _dispatch(self, command: Command) -> None:
        if command.poller_id not in self._pollers:
            poller = Poller(self._settings, self._key)
            poller.start()
            self._pollers[command.poller_id] = poller
        self._pollers[command.poller_id].send(command)


def serve() -> None:
    """Run for ever."""
    own_settings, key = settings.read(), settings.read_key()
    with _Listener(key, own_settings.watchdog_delay) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        dispatcher = Dispatcher(own_settings, key)
        systemd.notify_ready()
        while True:
            try:
                dispatcher.run_once()
            except (OSError, pymysql.MySQLError) as error:
                _log.error("%s", error)
            time.sleep(own_settings.poll_interval)


def run() -> None:
    """The service's entry point."""
    os.umask(0o002)
    settings.set_up_log()
    serve()
