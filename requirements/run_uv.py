"""Run uv as pip is configured on this machine: the same index, folders of wheels and certificates.

python requirements/run_uv.py pip install --no-deps --require-hashes --requirement requirements/dev.txt
"""

import ast
import os
import subprocess
import sys

from uv import find_uv_bin

# What pip calls it, what uv calls it, and what uv puts between several.
NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}
SECTIONS = [":env:", "install", "global"]  # pip takes the first that says something


def pip_configuration() -> dict[str, str]:
    """Each setting of pip's, from its environment and its files."""
    pip = [sys.executable, "-m", "pip", "config", "list"]
    found: dict[str, tuple[int, str]] = {}
    for line in subprocess.run(pip, capture_output=True, text=True, check=True).stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, setting = name.partition(".")
        if section in SECTIONS:
            here = (SECTIONS.index(section), str(ast.literal_eval(value)))
            found[setting] = min(found.get(setting, here), here)
    return {setting: value for setting, (_, value) in found.items()}


def main() -> None:
    """Become uv."""
    pip = pip_configuration()
    # As pip does it; which file is taken from which index, the hashes decide.
    environment = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for setting, (name, between) in NAMES.items():
        if setting in pip:
            environment[name] = between.join(pip[setting].split())
    more = ["--no-index"] if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else []
    uv = find_uv_bin()
    os.execve(uv, [uv, *sys.argv[1:], *more], {**environment, **os.environ})


if __name__ == "__main__":
    main()
