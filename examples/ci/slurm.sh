#!/bin/bash
# Runs a suite on a Slurm cluster: slurm.sh SUITE SHARDS [FOLDER]
#
# Each shard is a task of an array; a job that comes after them all makes one report of theirs. FOLDER (default: out) is
# on a disk that all nodes have. Waits, and ends with the merge's exit status. Options for sbatch go into its variables,
# as in SBATCH_PARTITION=power. To run shard 3 of 8 again, and merge: FIRST=3 LAST=3 slurm.sh SUITE 8 FOLDER
set -eu
suite=$1 shards=$2 folder=${3:-out}

case ${4:-submit} in
submit)
    first=${FIRST:-1} last=${LAST:-$shards}
    mkdir -p "$folder"
    # What an earlier run left is no result of this one.
    for shard in $(seq "$first" "$last"); do
        rm -rf "$folder/shard-$shard"
    done
    tasks=$(sbatch --parsable --array="$first-$last" --output="$folder/shard-%a.log" \
        "$0" "$suite" "$shards" "$folder" shard)
    # afterany: a shard with a boot that failed is one to report, too.
    exec sbatch --parsable --wait --dependency="afterany:${tasks%%;*}" --output="$folder/merge.log" \
        "$0" "$suite" "$shards" "$folder" merge
    ;;
shard)
    # Said, not found in the environment: a part of the array that is run again is no array of $shards tasks.
    shard=$SLURM_ARRAY_TASK_ID
    exec lparun-ci run "$suite" --shard "$shard/$shards" --report "$folder/shard-$shard"
    ;;
merge)
    exec lparun-ci merge "$folder"/shard-*/results.json --report "$folder/all"
    ;;
esac
