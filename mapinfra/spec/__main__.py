"""`python -m mapinfra.spec [FOLDER]` writes spec.md and spec.schema.json, into docs by default."""

import json
import sys
from pathlib import Path

from mapinfra.spec.json_schema import schema
from mapinfra.spec.manual import manual


def documents() -> dict[str, str]:
    """The generated documents by file name."""
    return {"spec.md": manual(), "spec.schema.json": json.dumps(schema(), indent=2) + "\n"}


def main() -> None:
    """Write each document and name it."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main()
