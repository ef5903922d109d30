"""Telling systemd that a service of Type=notify is ready (sd_notify(3))."""

import os
import socket


def notify_ready() -> None:
    """Say READY=1; nothing happens when not started by systemd."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address is None:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(b"READY=1", address.replace("@", "\0", 1))
