"""A test run that hangs ends on SIGTERM."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TAKEN = """
import signal, time
def test_hangs():
    signal.signal(signal.SIGTERM, lambda *_: None)
    print("begun", flush=True)
    while True:
        time.sleep(60)
"""
STUCK = """
import threading
def test_hangs():
    print("begun", flush=True)
    while True:
        try:
            threading.Event().wait()
        except BaseException:
            pass
"""


@pytest.mark.parametrize("hanging", [TAKEN, STUCK])
def test_a_run_that_hangs_ends_at_the_second_sigterm(tmp_path: Path, hanging: str) -> None:
    (tmp_path / "test_it.py").write_text(hanging)
    command = [sys.executable, "-m", "pytest", "-n", "0", "-s", "-p", "tests.conftest"]
    with subprocess.Popen(
        [*command, "--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert any("begun" in line for line in run.stdout)
        while run.poll() is None:
            run.terminate()
            try:
                run.wait(timeout=1)
            except subprocess.TimeoutExpired:
                continue
        # The second form is the signal's own: it came while Python was ending, without handlers.
        assert run.returncode in (143, -signal.SIGTERM)
