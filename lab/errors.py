"""What can go wrong with a lab."""


class LabError(Exception):
    """A lab operation failed; the message is one line: where, what, what to do."""


class LabUnavailableError(LabError):
    """This machine can't hold a lab; the message says what is missing and what works without."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"No lab on this machine: {missing}. The unit tests (./dev test) and mapinfra "
            "against real servers work without the lab."
        )
