#!/bin/sh
# Cuts the clips, trains slim-mini 6, chooses its threshold and calibrates it on the part `tune`.
# usage: models/slim-mini-6/reproduce.sh SNAPSHOTS WORK_FOLDER [MANIFEST.csv ...]
# SNAPSHOTS holds the fetched pages (OWNER+NAME/repo); MANIFESTS list other corpora, engines and copies, the part in `subset`.
set -eu
here=$(dirname "$0") snapshots=$1 work=$2
shift 2

slim datasets pages "$here/pages" "$snapshots" -o "$work/pages"
manifests="-m $work/pages/manifest.csv"
for other in "$@"; do manifests="$manifests -m $other"; done
# shellcheck disable=SC2086 # the list is meant to be split
slim train --recipe "$here/recipe.toml" $manifests -o "$work"
bundle=$work/all/bundle
python - "$work/tune.csv" "$work/pages/manifest.csv" "$@" <<'PYTHON'
import sys
from pathlib import Path
from slim_cli.corpora.manifest import read_manifest, write_manifest
clips = [clip for name in sys.argv[2:] for clip in read_manifest(Path(name)) if clip.subset == "tune"]
write_manifest(Path(sys.argv[1]), clips)
PYTHON
slim validate -m "$work/tune.csv" --model "$bundle" --conditions all -o "$work/evaluation" --markdown
slim train reference "$bundle" --scores "$work/evaluation/scores.csv" --description "$(cat "$here/reference.txt")"
slim datasets join "$work/tune.csv" -o "$work/joined"
slim calibrate "$work/evaluation/scores.csv" "$work/joined/manifest.csv" --channels all --model "$bundle" \
    --description "$(cat "$here/calibration.txt")" -o "$bundle/calibration.json"
slim train controls "$bundle"
