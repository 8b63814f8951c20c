#!/bin/sh
# Resolve every lock from pyproject.toml: dev.txt holds all, the others are parts of the same solution.
set -eu
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.."
compile() {
    out=$1
    shift
    "$python" requirements/run_uv.py pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-header "$@" --output-file "requirements/$out.txt"
}
compile dev --all-extras
for part in build notebook hub gateway node; do
    compile "$part" --extra "$part" --constraint requirements/dev.txt
done
