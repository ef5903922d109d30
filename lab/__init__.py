"""The lab: real hosts on this machine, each a systemd-nspawn machine on an overlay.

`Lab` is what tests and the demo use; ``python -m lab`` (``./dev lab``) is the same by hand.
"""

from lab.errors import LabError, LabUnavailableError
from lab.host import Host, RecordedCommand
from lab.lab import Lab

__all__ = ["Host", "Lab", "LabError", "LabUnavailableError", "RecordedCommand"]
