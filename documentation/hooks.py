"""What mkdocs calls while it builds the site."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from documentation import links
from documentation.notebooks import notebook_pages, notebooks
from documentation.outside import PLACES, PROJECT
from documentation.reference import PAGES

_addresses: set[str] = set()
"""What pages link to outside of the site; one build runs in one process."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies beside `docs/`, and the pages that are written from the code."""
    beside = dict(PLACES) | {name: name for name in notebooks(PROJECT)}
    for source, place in beside.items():
        files.append(File.generated(config, place, abs_src_path=str(PROJECT / source)))
    for place, content in notebook_pages(PROJECT).items():
        files.append(File.generated(config, place, content=content))
    for place, write in PAGES.items():
        files.append(File.generated(config, place, content=write()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where their files are on the site."""
    del config, files
    place = page.file.src_uri
    _addresses.update(links.external(markdown))
    source = {place: source for source, place in PLACES.items()}.get(place, f"docs/{place}")
    pages = dict(PLACES) | notebooks(PROJECT)
    return links.on_the_site(markdown, source=source, page=place, places=pages)


def on_post_build(config: MkDocsConfig) -> None:
    """List what leads out of the site, which nobody fetches."""
    listed = Path(config.site_dir).with_name("external-links.txt")
    listed.write_text("".join(f"{address}\n" for address in sorted(_addresses)), encoding="utf-8")
