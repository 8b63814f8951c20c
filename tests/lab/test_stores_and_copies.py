"""Links of the stores in a home, shared paths, titles, and fresh copies."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from odatis_vre.lab import copies, stores
from odatis_vre.lab.titles import entries


def write_notebook(path: Path, *sources: str, metadata: dict | None = None) -> Path:
    cells = [
        {"cell_type": "markdown", "id": f"c{number}", "metadata": {}, "source": text}
        for number, text in enumerate(sources)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = {"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), "utf-8")
    return path


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def shelf(tmp_path):
    """A store of templates: two notebooks, a folder, a secret beside it."""
    folder = tmp_path / "shelf"
    write_notebook(folder / "niche.ipynb", "# Optimal niche\n\nFit a niche.")
    write_notebook(folder / "eggs" / "01-open.ipynb", "# Open")
    (folder / "eggs" / "data.csv").write_text("lat,lon\n", "utf-8")
    (folder / "eggs" / "data.csv").chmod(0o444)
    (folder / "empty").mkdir()
    write_notebook(tmp_path / "secret.ipynb", "# Secret")
    return stores.Store("templates", folder.resolve())


def link(shelf, home):
    return stores.link_stores([shelf], home, home.parent / "record.json")


def test_environment_names_the_stores(tmp_path):
    (tmp_path / "w").mkdir()
    found = stores.stores_from_environment(
        {"ODATIS_WORKSHOPS": str(tmp_path / "w"), "ODATIS_TEMPLATES": str(tmp_path / "none")}
    )
    assert [(store.name, store.folder) for store in found] == [("workshops", (tmp_path / "w").resolve())]


def test_link_is_made_and_made_again(shelf, home):
    assert link(shelf, home) == {"templates": home / "templates"}
    assert (home / "templates").readlink() == shelf.folder
    (home / "templates").unlink()
    link(shelf, home)
    assert (home / "templates" / "niche.ipynb").exists()


def test_link_follows_a_store_that_moved(shelf, home, tmp_path):
    link(shelf, home)
    moved = shelf.folder.rename(tmp_path / "elsewhere")
    link(stores.Store("templates", moved), home)
    assert (home / "templates").readlink() == moved
    assert sorted(path.name for path in home.iterdir()) == ["templates"]


@pytest.mark.parametrize("own", ["folder", "file", "link"])
def test_what_is_the_users_own_is_not_touched(shelf, home, own):
    mine = home / "templates"
    if own == "folder":
        mine.mkdir()
    elif own == "file":
        mine.write_text("mine", "utf-8")
    else:
        mine.symlink_to("/nowhere/of/mine")
    before = os.lstat(mine)
    assert link(shelf, home) == {"templates": home / "templates-vre"}
    assert os.lstat(mine) == before
    assert (home / "templates-vre" / "niche.ipynb").exists()
    assert link(shelf, home) == {"templates": home / "templates-vre"}


def test_paths_people_share_are_found(shelf):
    assert stores.locate([shelf], "templates/niche.ipynb") == shelf.folder / "niche.ipynb"
    assert stores.locate([shelf], "templates/eggs/") == shelf.folder / "eggs"
    assert stores.locate([shelf], "templates/eggs/01-open.ipynb").name == "01-open.ipynb"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "templates",
        "templates/",
        "templates/..",
        "templates/../secret.ipynb",
        "templates/eggs/../../secret.ipynb",
        "../secret.ipynb",
        "templates//niche.ipynb",
        "templates/./niche.ipynb",
        "templates/\0niche.ipynb",
        "templates\\niche.ipynb",
        "templates/eggs/data.csv",
        "templates/empty",
        "templates/none.ipynb",
        "workshops/niche.ipynb",
        "templates/out.ipynb",
        "templates/outside/secret.ipynb",
    ],
)
def test_other_paths_are_refused(shelf, path):
    (shelf.folder / "out.ipynb").symlink_to(shelf.folder.parent / "secret.ipynb")
    (shelf.folder / "outside").symlink_to(shelf.folder.parent)
    with pytest.raises(stores.StoreError, match="no template"):
        stores.locate([shelf], path, "en")


def test_an_absolute_path_is_refused(shelf):
    for path in (str(shelf.folder / "niche.ipynb"), f"templates/{shelf.folder}/niche.ipynb"):
        with pytest.raises(stores.StoreError):
            stores.locate([shelf], path)


def test_copies_never_write_over(shelf, home):
    source = shelf.folder / "niche.ipynb"
    (home / "niche.ipynb").write_text("mine", "utf-8")
    (home / "niche-2.ipynb").symlink_to("nowhere")
    assert copies.fresh_copy(source, home, shelf).name == "niche-3.ipynb"
    assert copies.fresh_copy(source, home, shelf).name == "niche-4.ipynb"
    assert (home / "niche.ipynb").read_text("utf-8") == "mine"
    assert (home / "niche-3.ipynb").read_bytes() == source.read_bytes()
    assert not list(home.glob(".odatis*"))


def test_a_name_taken_while_copying_is_left(shelf, home, monkeypatch):
    """Another process takes the name between the look and the step: the look sees nothing."""
    (home / "niche.ipynb").write_text("mine", "utf-8")
    seen = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: Path(path).name != "niche.ipynb" and seen(path))
    assert copies.fresh_copy(shelf.folder / "niche.ipynb", home, shelf).name == "niche-2.ipynb"
    assert (home / "niche.ipynb").read_text("utf-8") == "mine"


def test_a_folder_is_copied_whole_and_can_be_changed(shelf, home):
    (home / "eggs").mkdir()
    copy = copies.fresh_copy(shelf.folder / "eggs", home, shelf)
    assert copy == home / "eggs-2"
    assert sorted(path.name for path in copy.iterdir()) == ["01-open.ipynb", "data.csv"]
    assert (copy / "data.csv").stat().st_mode & 0o200
    assert list((home / "eggs").iterdir()) == []


def test_a_folder_that_links_out_is_refused(shelf, home):
    (shelf.folder / "eggs" / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(stores.StoreError, match="passwd"):
        copies.fresh_copy(shelf.folder / "eggs", home, shelf)
    assert list(home.iterdir()) == []


def test_a_full_disk_leaves_nothing(shelf, home, monkeypatch):
    def full(source, target, **_):
        Path(target).write_bytes(Path(source).read_bytes()[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(stores.StoreError, match="plus de place") as refused:
        copies.fresh_copy(shelf.folder / "niche.ipynb", home, shelf, "fr")
    assert "Supprimez" in refused.value.hint
    assert list(home.iterdir()) == []


KILLED = """
import shutil, sys, time
from pathlib import Path
from odatis_vre.lab import copies, stores
real = shutil.copyfile
def slow(source, target, **options):
    real(source, target)
    Path(target).write_bytes(Path(target).read_bytes()[:20])
    print("half", flush=True)
    time.sleep(60)
shutil.copyfile = slow
folder, home = map(Path, sys.argv[1:])
copies.fresh_copy(folder / "niche.ipynb", home, stores.Store("templates", folder))
"""


def test_a_kill_in_the_middle_leaves_no_half_copy(shelf, home):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(shelf.folder), str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert [path.name for path in home.iterdir() if not path.name.startswith(".")] == []
    assert copies.fresh_copy(shelf.folder / "niche.ipynb", home, shelf).name == "niche.ipynb"
    copies.sweep(home)
    assert len(list(home.glob(".odatis-copy-*"))) == 1
    copies.sweep(home, now=time.time() + 2 * 86400)
    assert sorted(path.name for path in home.iterdir()) == ["niche.ipynb"]


def test_titles_come_from_metadata_then_headings(tmp_path):
    told = {"odatis": {"title": {"en": "Told", "fr": "Dit"}, "description": {"en": "So.", "fr": "Ainsi."}}}
    write_notebook(tmp_path / "a.ipynb", "# Heading", metadata=told)
    write_notebook(
        tmp_path / "b.ipynb", "intro", "## A _fine_ [link](x)\n\nWith `code`,\nin two lines.\n\nMore."
    )
    (tmp_path / "c_broken.ipynb").write_text("{", "utf-8")
    write_notebook(tmp_path / "d.en.ipynb", "# English")
    write_notebook(tmp_path / "d.fr.ipynb", "# Français")
    write_notebook(tmp_path / "e" / "01.ipynb", "# First")
    (tmp_path / "e" / "README.fr.md").write_text("# Atelier\n\nPour voir.\n", "utf-8")
    (tmp_path / "e" / "README.md").write_text("# Workshop\n", "utf-8")
    (tmp_path / "f.txt").write_text("", "utf-8")
    store = stores.Store("workshops", tmp_path.resolve())
    assert [(entry.title, entry.description) for entry in entries(store, "fr")] == [
        ("Dit", "Ainsi."),
        ("A fine link", "With code, in two lines."),
        ("C broken", ""),
        ("Français", ""),
        ("Atelier", "Pour voir."),
    ]
    assert [entry.path for entry in entries(store, "en")][-2:] == ["workshops/d.en.ipynb", "workshops/e"]
