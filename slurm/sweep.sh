#!/usr/bin/env bash
# The same config several times, a run a task: with other seeds, or with other settings. Any further argument goes to every run.
#   sbatch --array=0-4 slurm/sweep.sh fast --num_epochs 3                       # seeds 0 to 4
#   MD_SWEEP=rates.txt sbatch --array=1-3 slurm/sweep.sh fast --num_epochs 3    # lines 1 to 3 of a file, such as: --learning_rate 1e-3 --ema_decay 0.99
# A run is outputs/sweep/CONFIG_seed_N, or outputs/sweep/CONFIG_LIST_N for line N of LIST.txt; MD_SWEEP_DIR names another folder than outputs/sweep.
#SBATCH --job-name=sweep
#SBATCH --array=0-4
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --output=slurm/logs/%x_%A_%a.out
#SBATCH --requeue
#SBATCH --signal=B:USR1@300
set -euo pipefail
MD_REPO=${MD_REPO:-${SLURM_SUBMIT_DIR:-$PWD}} # SLURM runs a copy of this file, from a folder of its own
[ -e "$MD_REPO/slurm/common.sh" ] || { echo "$MD_REPO has no slurm/common.sh: submit from the folder of the repository, or set MD_REPO" >&2; exit 2; }
# shellcheck source=slurm/common.sh
source "$MD_REPO/slurm/common.sh"

n=${SLURM_ARRAY_TASK_ID:?submit it as an array: sbatch --array=0-4 slurm/sweep.sh CONFIG}
[[ ${1:-} == [!-]* ]] || die 'name a config first: sbatch --array=0-4 slurm/sweep.sh fast'
[[ " $* " != *' --output_dir'* ]] || die '--output_dir would be that of all runs: set MD_SWEEP_DIR'
if [ -n "${MD_SWEEP:-}" ]; then
  mapfile -t settings < <(sed -n "${n}p" "$MD_SWEEP" | xargs printf '%s\n') # a word an element, as a shell would read them
  [ -n "${settings[*]}" ] || die "MD_SWEEP=$MD_SWEEP has no line $n: count the lines for --array from 1"
  name=${MD_SWEEP##*/}
  name=${name%.*}_$n
else
  settings=(--seed "$n") name=seed_$n
fi
config=${1##*/}
MD_PROCESSES=1
launch train --config "$@" "${settings[@]}" --output_dir "${MD_SWEEP_DIR:-outputs/sweep}/${config%.*}_$name"
