"""The secrets of a release: strong, made once, never changed."""

import base64

import pytest

from odatis_vre.hub.kubernetes.secrets import KEYS, missing_keys


def plain(data: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def test_a_new_release_gets_all_of_them():
    assert missing_keys(None).keys() == KEYS.keys()


def test_a_complete_secret_needs_nothing():
    assert missing_keys(missing_keys(None)) == {}


def test_an_upgrade_adds_only_what_is_new():
    old = missing_keys(None)
    del old["explore-token"]
    assert missing_keys(old).keys() == {"explore-token"}


def test_an_empty_value_is_made_again():
    assert missing_keys({**missing_keys(None), "password": ""}).keys() == {"password"}


def test_two_releases_share_none():
    one, other = missing_keys(None), missing_keys(None)
    assert not set(one.values()) & set(other.values())


@pytest.mark.parametrize(("key", "length"), [("password", 16), ("admin-password", 32)])
def test_passwords_are_long_enough_for_the_hub(key, length):
    assert len(plain(missing_keys(None))[key]) >= length


def test_the_cookies_secret_is_what_the_hub_reads():
    assert len(bytes.fromhex(plain(missing_keys(None))["cookie-secret"])) == 32
