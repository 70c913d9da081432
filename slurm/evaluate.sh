#!/usr/bin/env bash
# Measure a run, on one GPU. Any further argument goes to mnist-diffusion evaluate.
#   sbatch slurm/evaluate.sh outputs/mnist --num_images 10000
#SBATCH --job-name=evaluate
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=01:00:00
#SBATCH --output=slurm/logs/%x_%j.out
#SBATCH --requeue
set -euo pipefail
MD_REPO=${MD_REPO:-${SLURM_SUBMIT_DIR:-$PWD}} # SLURM runs a copy of this file, from a folder of its own
[ -e "$MD_REPO/slurm/common.sh" ] || { echo "$MD_REPO has no slurm/common.sh: submit from the folder of the repository, or set MD_REPO" >&2; exit 2; }
# shellcheck source=slurm/common.sh
source "$MD_REPO/slurm/common.sh"

[[ ${1:-} == [!-]* ]] || die 'name a run first: sbatch slurm/evaluate.sh outputs/mnist'
MD_PROCESSES=1
launch evaluate "$@"
