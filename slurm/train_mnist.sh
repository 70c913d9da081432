#!/usr/bin/env bash
# Text to digit on MNIST: one node, two GPUs. Submit from the folder of the repository; any further argument goes to mnist-diffusion train.
#   sbatch slurm/train_mnist.sh
#   sbatch --gres=none slurm/train_mnist.sh      # without GPUs
#SBATCH --job-name=train_mnist
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

launch train --config mnist "$@" # node.sh: accelerate launch --num_processes=2
