#!/usr/bin/env bash
# The grid on MNIST-1D as an array of PARTS jobs, and a job that joins their results. Run it where sbatch is; options for sbatch go
# into its environment variables (SBATCH_PARTITION, SBATCH_ACCOUNT …), any further argument to mnist-diffusion experiments.
#   bash slurm/submit_mnist1d_array.sh 4 --seeds 10
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ${1:-} =~ ^[1-9][0-9]*$ ]] || { echo 'name the number of parts first: bash slurm/submit_mnist1d_array.sh 4' >&2; exit 2; }
parts=$1
shift

merge=(merge --task mnist1d) before=''
for word in "$@"; do # what merging needs to know as well
  case $word in --output_dir=* | --dataset_path=* | --task=*) merge+=("$word") ;; esac
  case $before in --output_dir | --dataset_path | --task) merge+=("$before" "$word") ;; esac
  before=$word
done

array=$(sbatch --parsable --array="1-$parts" --output=slurm/logs/%x_%A_%a.out slurm/run_diffusion_mnist1d.sh "$@")
array=${array%%;*} # without the cluster's name
joined=$(sbatch --parsable --job-name=mnist1d_merge --dependency="afterok:$array" --kill-on-invalid-dep=yes slurm/run_diffusion_mnist1d.sh "${merge[@]}")
echo "$parts parts: job $array; joined afterwards by job ${joined%%;*}"
