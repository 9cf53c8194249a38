#!/bin/sh
# Installs the archive of `make bundle` in a network namespace that holds nothing, and scans there.
set -eu
repository=$(cd "$(dirname "$0")/.." && pwd)
[ "${SLIM_NAMESPACE:-}" ] || exec env SLIM_NAMESPACE=1 unshare --user --map-root-user --net sh "$0" "$@"
archive=$(ls -t "$repository"/build/slim-audit-*.tar | head -1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
[ -z "$(ip -brief link show up 2>/dev/null || true)" ] || { echo "The namespace holds a network" >&2; exit 1; }

tar --extract --file "$archive" --directory "$folder"
export HOME="$folder/home" PIP_CONFIG_FILE=/dev/null
unset PYTHONPATH PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS || true
mkdir "$HOME"
python=$("$repository/.venv/bin/python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
PYTHON=$python sh "$folder"/slim-audit-*/install.sh "$folder/slim"
slim=$folder/slim/bin/slim
"$slim" models check
mkdir "$folder/evidence"
cp "$repository/examples/evidence/recorded-english-voicemail.flac" "$repository/examples/evidence/synthetic-piper-apartment.mp3" "$folder/evidence"
"$slim" scan "$folder/evidence" --output "$folder/out" --quiet
for name in report.html report.pdf results.csv results.jsonl; do
    [ -s "$folder/out/$name" ] || { echo "No $name was written" >&2; exit 1; }
done
"$slim" verify "$folder/out"
echo "Installed and run without a network: $archive"
