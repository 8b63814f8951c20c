"""What templates, gallery and workshops are called: read from the notebooks, in the reader's language."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from odatis_vre.i18n import LANGUAGES
from odatis_vre.lab.stores import Store

__all__ = ["Entry", "entries"]

_HEADING = re.compile(r"^#+\s+(.+?)\s*#*\s*$", re.MULTILINE)
_README = ("README.{lang}.md", "README.md")


@dataclass(frozen=True)
class Entry:
    """A template, a notebook of the gallery or a workshop.

    Parameters
    ----------
    path : str
        As the page of fresh copies takes it.
    title, description : str
        Plain text; the description may be empty.
    """

    path: str
    title: str
    description: str


def entries(store: Store, lang: str) -> list[Entry]:
    """What a store offers: its notebooks, and its folders that hold notebooks.

    A notebook says its title and description in its metadata, `{"odatis": {"title": {"en": ..., "fr": ...},
    "description": {...}}}`; without them they are the first heading and the paragraph below it, in a cell
    of that language where cells have a `lang` in their metadata. A folder says them in `README.fr.md`,
    `README.md` or its first notebook. Of `name.en.ipynb` and `name.fr.ipynb` one is offered.

    Parameters
    ----------
    store : Store
    lang : {"en", "fr"}

    Returns
    -------
    list of Entry
        In the order of the names of the files.
    """
    found = []
    for path in sorted(store.folder.iterdir()):
        if path.name.startswith(".") or not store.holds(path):
            continue
        if path.is_dir():
            words = _folder_words(path, lang)
        elif path.suffix == ".ipynb" and not _other_language(path, lang):
            words = _notebook_words(path, lang)
        else:
            continue
        if words:
            title, description = words
            found.append(Entry(f"{store.name}/{path.name}", title, description))
    return found


def first_notebook(folder: Path, lang: str) -> Path | None:
    """The notebook to open in a folder: the first by name, in the reader's language where there are two."""
    notebooks = sorted(
        (path for path in folder.rglob("*.ipynb") if not path.name.startswith(".")),
        key=lambda path: (len(path.parts), path.name),
    )
    return next((path for path in notebooks if not _other_language(path, lang)), None)


def _other_language(path: Path, lang: str) -> bool:
    tag = Path(path.stem).suffix.removeprefix(".")
    twin = path.with_name(path.name.replace(f".{tag}.", f".{lang}."))
    return tag in LANGUAGES and tag != lang and twin.exists()


def _folder_words(folder: Path, lang: str) -> tuple[str, str] | None:
    notebook = first_notebook(folder, lang)
    if notebook is None:
        return None
    for name in _README:
        readme = folder / name.format(lang=lang)
        if readme.is_file():
            title, description = _text_words(readme.read_text("utf-8", errors="replace"))
            return title or _plain_name(folder), description
    title, description = _notebook_words(notebook, lang)
    return title or _plain_name(folder), description


def _notebook_words(path: Path, lang: str) -> tuple[str, str]:
    try:
        notebook = json.loads(path.read_text("utf-8"))
        told = notebook.get("metadata", {}).get("odatis", {})
        title = _choose(told.get("title"), lang)
        description = _choose(told.get("description"), lang)
        heading, paragraph = _text_words("\n\n".join(_markdown(notebook, lang)))
    except (ValueError, AttributeError, TypeError):
        return _plain_name(path), ""
    return title or heading or _plain_name(path), description or paragraph


def _choose(text, lang: str) -> str:
    return text.get(lang, "") if isinstance(text, dict) else text or ""


def _markdown(notebook: dict, lang: str) -> list[str]:
    cells = [cell for cell in notebook.get("cells", []) if cell.get("cell_type") == "markdown"]
    spoken = [cell for cell in cells if cell.get("metadata", {}).get("lang", lang) == lang]
    return ["".join(cell.get("source", "")) for cell in spoken]


def _text_words(text: str) -> tuple[str, str]:
    heading = _HEADING.search(text)
    if not heading:
        return "", ""
    below = text[heading.end() :].strip().split("\n\n")[0]
    paragraph = "" if below.startswith(("#", "|", "-", "*", "<", "!", "`", ">")) else below
    return _plain(heading[1]), _plain(paragraph)


def _plain(markdown: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", text).split())


def _plain_name(path: Path) -> str:
    return path.name.removesuffix(".ipynb").replace("_", " ").replace("-", " ").capitalize()
