#!/bin/sh
# What the tests need from the system: Chromium, and the Debian packages that the sample data come from.
# Installs them where it may; elsewhere says what to install, and the tests that need them say it again.
set -u
wanted=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || wanted="chromium fonts-dejavu-core"
if command -v dpkg-query >/dev/null 2>&1; then
    for package in ferret-datasets r-cran-sm; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || wanted="$wanted $package"
    done
fi
[ -n "$wanted" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "For the browser tests install Chromium with your system's packages."
    exit 0
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then sudo="sudo -n"; else
        echo "For all tests run first: sudo apt-get install$wanted"
        exit 0
    fi
fi
echo "Installing for the tests:$wanted"
# Without a network the tests say themselves what they miss.
$sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null ||
    echo "Could not install:$wanted"
