#!/bin/sh
# Installs SLIM audit from this folder, without a network: sh install.sh FOLDER. PYTHON=/path/to/python chooses another Python.
set -eu
target=${1:?"name the folder to install into:  sh install.sh FOLDER"}
cd "$(dirname "$0")"
python=${PYTHON:-python3}

sha256sum --check --quiet SHA256SUMS || { echo "This folder is not as it was made; nothing was installed." >&2; exit 1; }
if command -v dpkg-query >/dev/null; then
    missing=
    while read -r package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done <system-packages.txt
    [ -z "$missing" ] || echo "Missing system packages, see README.md:$missing" >&2
fi
"$python" -m venv "$target"
pip() { "$target/bin/python" -m pip --disable-pip-version-check --no-cache-dir install --quiet --no-index --find-links wheels "$@"; }
pip --require-hashes -r requirements.lock
pip --no-deps wheels/slim_audit-*.whl
if command -v fc-list >/dev/null && fc-list | grep -q DejaVu; then :; else
    mkdir -p "$HOME/.local/share/fonts"
    cp fonts/*.ttf "$HOME/.local/share/fonts/"
fi
"$target/bin/slim" doctor
echo "Installed: $target/bin/slim"
