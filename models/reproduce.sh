#!/bin/sh
# Cuts the clips, trains a model, chooses its threshold and calibrates it on the part `tune`, and measures it on the part `test`.
# usage: models/reproduce.sh slim-base|slim-mini SNAPSHOTS WORK_FOLDER [MANIFEST.csv ...]
# SNAPSHOTS holds the fetched pages (OWNER+NAME/repo); MANIFESTS list other corpora, engines and copies, the part in `subset`.
set -eu
here=$(dirname "$0") name=$1 snapshots=$2 work=$3
shift 3

slim datasets pages "$here/pages" "$snapshots" -o "$work/pages"
set -- "$work/pages/manifest.csv" "$@"
manifests=$(for one in "$@"; do echo "-m $one"; done)
# shellcheck disable=SC2086 # the list is meant to be split
slim train --recipe "$here/$name/recipe.toml" $manifests -o "$work"
bundle=$work/all/bundle
for part in tune test; do
    python - "$part" "$work/$part.csv" "$@" <<'PYTHON'
import sys
from pathlib import Path
from slim_cli.corpora.manifest import read_manifest, write_manifest
part, output, *sources = sys.argv[1:]
write_manifest(Path(output), [clip for name in sources for clip in read_manifest(Path(name)) if clip.subset == part])
PYTHON
done
for part in tune test; do
    slim validate -m "$work/$part.csv" --model "$bundle" --conditions all -o "$work/$part" --markdown
done
slim train reference "$bundle" --scores "$work/test/scores.csv" --description "$(cat "$here/$name/reference.txt")" \
    --chosen-on "$work/tune/scores.csv" --set-on "$(cat "$here/$name/threshold.txt")" --variants 20
# a ratio is fitted to clips that share no system and no known speaker with training
python - "$bundle" "$work/tune.csv" "$work/unseen.csv" <<'PYTHON'
import sys
from pathlib import Path
from slim_cli.corpora.manifest import read_manifest, write_manifest
from slim_cli.training.record import read_record
bundle, source, output = map(Path, sys.argv[1:])
record = read_record(bundle)
write_manifest(output, [clip for clip in read_manifest(source) if not record.shares(clip)])
PYTHON
slim datasets join "$work/unseen.csv" -o "$work/joined"
slim calibrate "$work/unseen.csv" "$work/joined/manifest.csv" --model "$bundle" \
    --description "$(cat "$here/$name/calibration.txt")" -o "$bundle/calibration.json"
slim train controls "$bundle"
