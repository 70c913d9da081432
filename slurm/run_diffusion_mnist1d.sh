#!/usr/bin/env bash
# The grid of experiments on MNIST-1D. Any further argument goes to mnist-diffusion experiments.
#   sbatch slurm/run_diffusion_mnist1d.sh --seeds 10
#   bash slurm/submit_mnist1d_array.sh 4 --seeds 10      # the same in four parts at a time, which a last job joins
#SBATCH --job-name=mnist1d
#SBATCH --partition=short
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=64G
##SBATCH --gres=gpu:1      (take one # away to ask for a GPU)
#SBATCH --time=04:00:00
#SBATCH --output=slurm/logs/%x_%j.out
#SBATCH --mail-type=END,FAIL
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
set -euo pipefail
MD_REPO=${MD_REPO:-${SLURM_SUBMIT_DIR:-$PWD}} # SLURM runs a copy of this file, from a folder of its own
[ -e "$MD_REPO/slurm/common.sh" ] || { echo "$MD_REPO has no slurm/common.sh: submit from the folder of the repository, or set MD_REPO" >&2; exit 2; }
# shellcheck source=slurm/common.sh
source "$MD_REPO/slurm/common.sh"

MD_PROCESSES=1
if [ "${1:-}" = merge ]; then
  launch experiments "$@"
else
  part=()
  if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then part=(--shard "$SLURM_ARRAY_TASK_ID/${MD_SHARDS:-$SLURM_ARRAY_TASK_COUNT}"); fi
  launch experiments --task mnist1d --resume "${part[@]}" "$@"
fi
