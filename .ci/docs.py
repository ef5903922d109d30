"""What the site needs beyond docs/: pages that stand elsewhere, and links to files of the project.

Both are written for those who read them in the checkout. The site has no page for a source file, so
a link to one becomes its text, once it is seen that the file is there.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "examples/README.md": "examples.md",
}
"""The page of the site that a file of the project is."""

_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)\s#]+)(#[^)\s]*)?\)")
_log = get_plugin_logger("docs")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand elsewhere."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links into those of the site."""
    sources = {page: source for source, page in PAGES.items()}
    source = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def of_the_site(link: re.Match[str]) -> str:
        text, target, anchor = link.group(1), link.group(2), link.group(3) or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        uri = PAGES.get(path.removesuffix("/"), path.removeprefix("docs/"))
        if path in PAGES or (path.startswith("docs/") and files.get_file_from_path(uri)):
            here = posixpath.relpath(uri, posixpath.dirname(page.file.src_uri) or ".")
            return f"[{text}]({here}{anchor})"
        if not (ROOT / path).exists():
            _log.warning("%s: there is no %s", source, path)
        return text

    return _LINK.sub(of_the_site, markdown)
