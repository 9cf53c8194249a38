#!/bin/sh
# Trains slim-mini and its five leave-origin-out twins, measures and calibrates them.
# usage: models/slim-mini/reproduce.sh MANIFEST.csv FOLDS.csv WORK_FOLDER [ENGINES.csv]
# ENGINES lists the clips of synthesis engines whose origins FOLDS leaves out in turn, and the recordings to tell them from.
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
twins=$(for fold in 0 1 2 3 4; do echo "--model $work/fold-$fold/bundle"; done)
# shellcheck disable=SC2086 # the list is meant to be split
slim validate -m "$manifest" --folds "$folds" $twins --conditions all -o "$work/evaluation" --markdown
if [ $# -gt 3 ]; then
    # shellcheck disable=SC2086
    slim validate -m "$4" --folds "$folds" $twins -o "$work/engines" --markdown
fi
slim datasets join "$manifest" --stereo -o "$work/two-channel" # what taking the highest channel does to false alarms
# shellcheck disable=SC2086
slim validate -m "$manifest" -m "$work/two-channel/manifest.csv" --folds "$folds" $twins -o "$work/channels" --markdown
slim train reference "$work/all/bundle" --scores "$work/evaluation/scores.csv" \
    --description "$(cat "$(dirname "$0")/reference.txt")"
slim datasets join "$manifest" -o "$work/joined"
# shellcheck disable=SC2046,SC2086
slim calibrate "$work/evaluation/scores.csv" "$work/joined/manifest.csv" --folds "$folds" --channels all \
    --model "$work/all/bundle" $(echo $twins | sed 's/--model/--twin/g') \
    --description "$(cat "$(dirname "$0")/calibration.txt")" -o "$work/all/bundle/calibration.json"
