#!/bin/sh
# Trains slim-mini and its five leave-origin-out twins, and measures them.
# usage: models/slim-mini/reproduce.sh MANIFEST.csv FOLDS.csv WORK_FOLDER
set -eu
manifest=$1 folds=$2 work=$3
recipe=$(dirname "$0")/recipe.toml

slim train encoder "$recipe" -m "$manifest" -o "$work"
for fold in 0 1 2 3 4; do
    slim train stage1 "$recipe" -m "$manifest" -o "$work" --folds "$folds" --leave-out $fold
    slim train stage2 "$recipe" -m "$manifest" -o "$work" --folds "$folds" --leave-out $fold
done
slim train stage1 "$recipe" -m "$manifest" -o "$work"
slim train stage2 "$recipe" -m "$manifest" -o "$work"
slim evaluate -m "$manifest" --folds "$folds" -o "$work/scores.csv" \
    --model "$work/fold-0/bundle" --model "$work/fold-1/bundle" --model "$work/fold-2/bundle" \
    --model "$work/fold-3/bundle" --model "$work/fold-4/bundle"
slim train reference "$work/all/bundle" --scores "$work/scores.csv" --description "$(cat "$(dirname "$0")/reference.txt")"
