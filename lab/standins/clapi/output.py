"""What CLAPI prints, as the API gives it (www/api/class/centreon_clapi.class.php)."""

from typing import Any


def parse_output(text: str) -> list[Any]:
    """The lines that CLAPI printed, but for the first, which names the columns of the others."""
    first, *lines = text.split("\n")
    columns = first.split(";")
    return [
        _parse_line(line, columns)
        for line in lines
        if line.strip() and not line.startswith("Return code end :")
    ]


def _parse_line(line: str, columns: list[str]) -> Any:
    if ";" not in line:
        return line.replace("\t", "").replace("\r", "").replace("<br/>", "")
    fields = line.split(";", len(columns) - 1)
    values = [field.split("|") if "|" in field else field for field in fields]
    return dict(zip(columns, values, strict=True))
