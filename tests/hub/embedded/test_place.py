"""The state folder: private, whole, read-only where it says so."""

import stat

import pytest

from odatis_vre.errors import StartError
from odatis_vre.hub.embedded.place import State
from odatis_vre.settings import Settings


@pytest.fixture
def state(tmp_path) -> State:
    state = State(tmp_path / "vre")
    state.create()
    return state


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_its_owners_alone(state):
    assert mode(state.folder) == 0o700


def test_the_password_is_its_owners_alone(state):
    state.password()
    assert mode(state.password_file) == 0o600


def test_the_password_is_made_once(state):
    assert state.password() == State(state.folder).password()


def test_two_folders_have_two_passwords(state, tmp_path):
    other = State(tmp_path / "other")
    other.create()
    assert state.password() != other.password()


def test_an_empty_password_file_is_made_anew(state):
    state.password_file.write_text("")
    assert len(state.password()) >= 16


def test_a_password_file_that_was_opened_to_others_is_closed_again(state):
    state.password()
    state.password_file.chmod(0o644)
    state.password()
    assert mode(state.password_file) == 0o600


def test_a_place_reads_back(state):
    place = state.choose(Settings(), 8000)
    assert state.place() == place


def test_ports_differ(state):
    place = state.choose(Settings(), 8000)
    ports = [value for name, value in vars(place).items() if name.endswith("_port")]
    assert len(set(ports)) == len(ports) == 5


def test_the_settings_of_a_start_are_kept(state):
    settings = Settings.model_validate({"hub": {"port": 9000}, "compute": {"worker_memory": 1234567}})
    state.choose(settings, 9000)
    assert state.settings() == settings


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    mine = tmp_path / "thesis"
    (mine / "clusters").mkdir(parents=True)
    (mine / "clusters" / "mine.csv").write_text("1")
    before = mode(mine)
    with pytest.raises(StartError, match="not a VRE's"):
        State(mine).create()
    assert mode(mine) == before
    assert sorted(path.name for path in mine.rglob("*")) == ["clusters", "mine.csv"]


def test_a_vres_own_folder_may_be_used_again(state):
    (state.homes / "ana").mkdir()
    State(state.folder).create()


@pytest.fixture
def templates(tmp_path):
    source = tmp_path / "templates"
    (source / "part").mkdir(parents=True)
    (source / "one.ipynb").write_text("one")
    (source / "part" / "two.ipynb").write_text("two")
    return source


def test_shared_folders_are_read_only(state, templates):
    shared = state.share("templates", templates)
    assert {mode(path) & 0o222 for path in (shared, *shared.rglob("*"))} == {0}


def test_a_new_start_brings_the_new_templates(state, templates):
    state.share("templates", templates)
    (templates / "one.ipynb").write_text("one, better")
    (templates / "part" / "two.ipynb").unlink()
    shared = state.share("templates", templates)
    assert (shared / "one.ipynb").read_text() == "one, better"
    assert not (shared / "part" / "two.ipynb").exists()


def test_a_copy_that_was_cut_short_is_replaced(state, templates):
    (state.shared / ".templates.new").mkdir()
    (state.shared / ".templates.new" / "half").write_text("")
    shared = state.share("templates", templates)
    assert sorted(path.name for path in shared.iterdir()) == ["one.ipynb", "part"]
