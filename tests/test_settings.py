"""vre.yaml: what it may say, and how a mistake reads."""

from pathlib import Path

import pytest

from odatis_vre.errors import SettingsError
from odatis_vre.i18n import use_language
from odatis_vre.settings import BEYOND_THIS_MACHINE, Settings, size_text
from odatis_vre.settings_file import load

PROFILE = """
profiles:
  big:
    name: {{en: B, fr: G}}
    description: {{en: B, fr: G}}
    memory: 1G
    cores: 1
    image: {image}
"""


@pytest.fixture
def written(tmp_path):
    """Write a vre.yaml and give its path."""

    def write(text: str) -> Path:
        path = tmp_path / "vre.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def refused(path: Path, lang: str = "en") -> str:
    with use_language(lang), pytest.raises(SettingsError) as caught:
        load(path)
    return str(caught.value)


def test_the_shipped_file_says_what_the_defaults_say():
    assert load(Path(__file__).parents[1] / "vre.yaml") == Settings()


def test_an_empty_file_is_all_defaults(written):
    assert load(written("# nothing\n")) == Settings()


@pytest.mark.parametrize(
    ("text", "count"), [("512M", 2**29), ("2G", 2**31), ("1.5G", 3 * 2**29), ("1073741824", 2**30)]
)
def test_memory_is_written_as_people_write_it(written, text, count):
    assert load(written(f"compute: {{worker_memory: {text}}}")).compute.worker_memory == count


def test_the_size_of_a_heavy_read_is_written_as_memory_is(written):
    assert load(written("data: {read_warning: 1.5G}")).data.read_warning == 3 * 2**29
    assert load(written("{}")).data.read_warning is None


def test_a_crooked_size_survives_json():
    crooked = Settings.model_validate({"compute": {"worker_memory": 123456789}})
    assert Settings.model_validate_json(crooked.model_dump_json()) == crooked


def test_settings_survive_json():
    assert Settings.model_validate_json(Settings().model_dump_json()) == Settings()


def test_size_text_reads_back():
    assert size_text(3 * 2**29) == "1.5G"


def test_an_unknown_key_names_line_key_the_allowed_ones_and_the_nearest(written):
    text = refused(written("auth:\n  users: [a]\nhub:\n  prot: 1\n"))
    assert "line 4: unknown key hub.prot. Allowed here: address, port, title. Did you mean port?" in text


def test_a_wrong_value_names_line_key_value_and_what_is_allowed(written):
    text = refused(written("compute:\n  worker_memory: 2 Go\n"))
    assert "line 2: compute.worker_memory cannot be '2 Go'. Write a size such as 512M or 2G." in text


def test_a_value_out_of_bounds_says_the_bound(written):
    assert "line 1: hub.port cannot be 99999. At most 65535." in refused(written("hub: {port: 99999}"))


def test_errors_read_in_french(written):
    text = refused(written("hub: {port: 99999}"), "fr")
    assert "ligne 1 : hub.port ne peut pas valoir 99999. Au plus 65535." in text


def test_every_mistake_is_told_at_once(written):
    assert len(refused(written("hub: {prot: 1, port: x}\n")).splitlines()) == 2


def test_a_missing_key_of_a_profile_is_named(written):
    assert "profiles.big.cores is missing" in refused(
        written(
            "profiles:\n  big:\n    name: {en: B, fr: G}\n    description: {en: B, fr: G}\n    memory: 1G\n"
        )
    )


def test_dummy_authentication_is_refused_with_the_reason(written):
    text = refused(written("auth:\n  kind: dummy\n"))
    assert "line 2: auth.kind cannot be 'dummy': it would let anybody in under any name." in text


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::"])
def test_the_shared_password_stays_on_this_machine(written, address):
    text = refused(written(f"hub:\n  address: '{address}'\n"))
    assert "line 2" in text
    assert BEYOND_THIS_MACHINE in text


def test_the_shared_password_leaves_the_machine_when_the_settings_say_so_in_words(written):
    path = written(f"hub: {{address: 0.0.0.0}}\nauth: {{beyond_this_machine: '{BEYOND_THIS_MACHINE}'}}\n")
    assert not load(path).hub.loopback


def test_other_words_do_not_open_the_machine(written):
    assert "auth.beyond_this_machine" in refused(
        written("hub: {address: 0.0.0.0}\nauth: {beyond_this_machine: 'yes'}\n")
    )


def test_a_host_name_is_no_address(written):
    assert "hub.address cannot be 'localhost'" in refused(written("hub: {address: localhost}"))


def test_a_key_that_stands_twice_is_an_error(written):
    assert "line 3: the key hub stands twice" in refused(written("hub: {}\nauth: {}\nhub: {port: 1}\n"))


def test_broken_yaml_names_the_line(written):
    assert "line 2" in refused(written("hub: {}\nauth: ]\n"))


def test_a_list_is_no_settings_file(written):
    assert "keys and values" in refused(written("- 1\n"))


def test_a_missing_file_is_one_sentence(tmp_path):
    assert "No such file" in refused(tmp_path / "absent.yaml")


@pytest.mark.parametrize("text", ["? [a, b]\n: 1\n", "hub: &a {port: *a}\n", "&a [*a]\n"])
def test_odd_yaml_is_a_settings_error(written, text):
    assert "vre.yaml" in refused(written(text))


def test_a_pattern_is_told_in_words(written):
    assert "auth.users.0 cannot be 'Ana'. Write lower-case letters" in refused(
        written("auth: {users: [Ana]}")
    )


def test_a_relative_path_counts_from_the_files_folder(written, tmp_path):
    (tmp_path / "mine.yaml").write_text("sources: {}")
    assert load(written("data: {catalog: mine.yaml}")).data.catalog == str(tmp_path / "mine.yaml")


def test_an_address_of_a_catalogue_stays_as_it_is(written):
    assert load(written("data: {catalog: 'https://example.org/c.yaml'}")).data.catalog.startswith("https://")


def test_a_path_that_leads_nowhere_is_named(written):
    text = refused(written("notebooks:\n  templates: nowhere\n"))
    assert "line 2: notebooks.templates: " in text
    assert "nowhere does not exist" in text


@pytest.mark.parametrize("kind", ["oidc", "github"])
def test_a_provider_without_its_settings_is_named(written, kind):
    assert f"auth.{kind} is missing" in refused(written(f"auth: {{kind: {kind}}}"))


def test_a_vre_that_nobody_may_enter_is_refused(written):
    assert "line 1: nobody may log in" in refused(written("auth: {users: []}"))


@pytest.mark.parametrize("kind", ["shared-password", "github"])
def test_groups_let_nobody_in_where_the_login_knows_none(written, kind):
    given = f"{{kind: {kind}, users: [], groups: [ocean], github: {{client_id: v}}}}"
    assert "nobody may log in" in refused(written(f"auth: {given}"))


def test_groups_of_a_provider_are_somebody(written):
    given = "{kind: oidc, groups: [ocean], oidc: {issuer: 'https://login.example.org', client_id: v}}"
    assert load(written(f"auth: {given}")).auth.groups == ["ocean"]


def test_a_size_of_nothing_is_refused(written):
    assert "compute.worker_memory cannot be '0G'. More than 0" in refused(
        written("compute: {worker_memory: 0G}")
    )


@pytest.mark.parametrize("image", ["ocean", "ocean:latest", "registry:5000/ocean", "ocean@sha256:abc"])
def test_an_image_that_may_change_is_refused(written, image):
    text = refused(written(PROFILE.format(image=image)))
    assert f"profiles.big.image cannot be '{image}'. Write an image with an exact tag or a digest" in text


@pytest.mark.parametrize("image", ["ocean:2026.11", "registry:5000/ocean:1", f"ocean@sha256:{'0' * 64}"])
def test_an_exact_image_is_taken(written, image):
    assert load(written(PROFILE.format(image=image))).profiles["big"].image == image


def test_settings_do_not_change_once_read():
    with pytest.raises(ValueError, match="frozen"):
        Settings().hub.port = 1
