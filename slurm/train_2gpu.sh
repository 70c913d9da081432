#!/usr/bin/env bash
# Any config (a preset or a YAML file) on one node with two GPUs. Any further argument goes to mnist-diffusion train.
#   sbatch slurm/train_2gpu.sh base
#SBATCH --job-name=train_2gpu
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gres=gpu:2
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --output=slurm/logs/%x_%j.out
#SBATCH --requeue
#SBATCH --signal=B:USR1@300
set -euo pipefail
MD_REPO=${MD_REPO:-${SLURM_SUBMIT_DIR:-$PWD}} # SLURM runs a copy of this file, from a folder of its own
[ -e "$MD_REPO/slurm/common.sh" ] || { echo "$MD_REPO has no slurm/common.sh: submit from the folder of the repository, or set MD_REPO" >&2; exit 2; }
# shellcheck source=slurm/common.sh
source "$MD_REPO/slurm/common.sh"

[[ ${1:-} == [!-]* ]] || die 'name a config first: sbatch slurm/train_2gpu.sh base'
launch train --config "$@"
