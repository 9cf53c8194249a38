#!/bin/sh
# Proves that the wheel alone is enough: installs it into an empty environment and scans outside the repository, without a network.
# The environment's dependencies are kept between runs; the wheel itself is built and installed anew each time.
set -eu
repository=$(cd "$(dirname "$0")/.." && pwd)
cd "$repository"
empty=build/wheel-check
state=$empty/.state-$(cat pyproject.toml constraints.txt .venv/pyvenv.cfg | sha256sum | cut -c1-12)

pip() { python=$1; shift; "$python" -m pip --disable-pip-version-check "$@" --quiet; }

rm -rf build/dist
pip .venv/bin/python wheel --no-deps --no-build-isolation --wheel-dir build/dist .
if [ ! -e "$state" ]; then
    echo "Installing the wheel and its dependencies into an empty environment"
    rm -rf "$empty"
    .venv/bin/python -m venv "$empty"
    pip "$empty/bin/python" install --constraint constraints.txt build/dist/*.whl
    touch "$state"
fi
pip "$empty/bin/python" install --no-deps --force-reinstall build/dist/*.whl

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
mkdir "$elsewhere/evidence"
cp examples/evidence/recorded-english-voicemail.flac "$elsewhere/evidence/"
cd "$elsewhere"
unset PYTHONPATH
slim="$repository/$empty/bin/slim"
"$slim" --help >/dev/null
"$slim" models check
offline="unshare --user --map-root-user --net"
$offline true 2>/dev/null || { offline=; echo "No network namespace can be made here: the scan is not cut off from the network" >&2; }
$offline "$slim" scan evidence --output out --no-progress
for name in report.html report.pdf results.csv results.jsonl; do
    [ -s "out/$name" ] || { echo "The installed wheel wrote no $name" >&2; exit 1; }
done
grep -q '"status": "scored"' out/results.jsonl || { echo "The installed wheel did not score the clip" >&2; exit 1; }
echo "The wheel works in an empty environment: $(ls -sh "$repository"/build/dist)"
