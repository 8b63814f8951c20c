"""The cache of programs and images holds what checkouts use, and does not grow for ever."""

import os
import re
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from onenode import images, programs
from onenode.folders import forget_old

DAY = 86400
# Cilium does not compile with the Kubernetes modules of the others.
CILIUM_ONLY = re.compile(
    r"k8s\.io/(api|apiextensions-apiserver|apimachinery|client-go)|sigs\.k8s\.io/controller-runtime"
)


def made(folder, name: str, days: float):
    """A build that was last used some days ago."""
    (path := folder / name).mkdir()
    (path / "program").write_text(name)
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def test_old_builds_go_and_the_last_used_stay(tmp_path):
    pattern = f"helm-{programs.HASH}"
    builds = [made(tmp_path, f"helm-{number:016x}", number) for number in range(6)]
    other = made(tmp_path, f"helm-plugin-{1:016x}", 30)
    begun = [made(tmp_path, f".helm-{7:016x}-{name}", days) for name, days in (("old", 2), ("new", 0))]
    forget_old(tmp_path, pattern)
    assert [build.exists() for build in builds] == [True, True, True, False, False, False]
    assert other.exists()
    assert [draft.exists() for draft in begun] == [False, True]


def test_what_was_used_today_stays(tmp_path):
    builds = [made(tmp_path, f"helm-{number:016x}", 0.1) for number in range(6)]
    forget_old(tmp_path, f"helm-{programs.HASH}")
    assert all(build.exists() for build in builds)


def test_a_build_that_is_asked_for_counts_as_used():
    kept = programs.build("helm")
    os.utime(kept, (0, 0))
    assert programs.build("helm") == kept
    assert time.time() - kept.stat().st_mtime < 60


def test_an_image_that_several_make_at_once_is_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (file := tmp_path / "program").write_bytes(os.urandom(2**20))

    def make(_):
        return images.scratch("onenode.test/crowded:1", {"program": file}, ("/program",))

    with ThreadPoolExecutor(4) as pool:
        (found,) = set(pool.map(make, range(4)))
    assert images.names(found) == ["onenode.test/crowded:1"]
    assert list(found.parent.iterdir()) == [found]


def test_programs_share_what_they_compile():
    """Go keeps a compiled package for all programs that use the same version of it and of all below it."""
    versions = defaultdict(set)
    for program in programs.PROGRAMS.values():
        text = (program.source / "go.mod").read_text("utf-8")
        for block in re.findall(r"^require \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL):
            for module, version in re.findall(r"^\t(\S+) (v\S+)", block, re.MULTILINE):
                if not (program.name == "cilium" and CILIUM_ONLY.fullmatch(module)):
                    versions[module].add(version)
    assert {module: found for module, found in versions.items() if len(found) > 1} == {}
