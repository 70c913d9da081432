#!/usr/bin/env bash
# Any config on several nodes with several GPUs each, or with CPU processes. Any further argument goes to mnist-diffusion train.
#   sbatch --nodes=4 --gres=gpu:8 --cpus-per-task=64 --mem=128G slurm/train_multinode.sh base --batch_size 2048
#   MD_CPU_PROCESSES=4 sbatch --nodes=2 --gres=none slurm/train_multinode.sh fast
# The processes meet at the first node of `scontrol show hostnames`, port MD_PORT. If they wait for each other there, the nodes have
# several networks and the wrong one was taken: name the interface that joins them, MD_INTERFACE=ib0 (`ip -br addr` lists them).
#SBATCH --job-name=train_multinode
#SBATCH --nodes=2
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

[[ ${1:-} == [!-]* ]] || die 'name a config first: sbatch slurm/train_multinode.sh base'
launch train --config "$@"
