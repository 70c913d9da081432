# shellcheck shell=bash
# What the job scripts share; they source it. First what differs from site to site: set it in the environment of sbatch
# (MD_VENV=… sbatch slurm/train_mnist.sh) or here, once and for all.
MD_MODULES=${MD_MODULES:-}              # modules to load, e.g. "python/3.11 cuda/12.4"
MD_CONDA_ENV=${MD_CONDA_ENV:-}          # a conda environment to activate, by name or folder
MD_VENV=${MD_VENV:-}                    # the folder of a virtual environment to activate; all three empty: PATH as it is
MD_GPUS=${MD_GPUS:-${SLURM_GPUS_ON_NODE:-0}} # GPUs a node; default: what was asked of SLURM
MD_CPU_PROCESSES=${MD_CPU_PROCESSES:-2} # processes a node where there are no GPUs
MD_INTERFACE=${MD_INTERFACE:-}          # the network interface that joins the nodes, e.g. ib0 (`ip -br addr` lists them); empty: found by gloo and NCCL
MD_PORT=${MD_PORT:-$((10000 + ${SLURM_JOB_ID:-0} % 20000))} # where the processes of a job meet

die() { echo "${SLURM_JOB_NAME:-slurm}: $*" >&2; exit 2; }

# Each start of a job has a log of its own: SLURM's file, which has the job's name and number, gets the time as well.
log=$(readlink "/proc/$$/fd/1" || true)
if [[ $log == */slurm/logs/*.out ]]; then mv "$log" "${log%.out}_$(date +%Y%m%d-%H%M%S).out" || true; fi

[[ $MD_CPU_PROCESSES =~ ^[1-9][0-9]*$ ]] || die "MD_CPU_PROCESSES=$MD_CPU_PROCESSES is not a number of processes: give 1 or more"
[[ $MD_GPUS =~ ^[0-9]+$ ]] || die "MD_GPUS=$MD_GPUS is not a number of GPUs: give 0 or more"
[ -n "${SLURM_JOB_ID:-}" ] || die 'this runs in a job: submit it with sbatch, from the folder of the repository'

# The batch shell is told by SLURM (--signal=B:USR1@…) that the time is nearly up. SIGTERM, which may come before a SIGKILL,
# reaches the processes of the step too: here it is only noted, so that this shell outlives them.
stopping=''
trap 'stopping=yes' USR1
trap : TERM

# The last task of an array has the array's own number as SLURM_JOB_ID, and would speak for all tasks.
job=$SLURM_JOB_ID
if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi

activate() { # modules first, as they may bring conda or Python; their scripts don't bear set -eu
  set +eu
  if [ -n "$MD_MODULES" ]; then
    # shellcheck source=/dev/null
    command -v module >/dev/null || source "${MODULESHOME:-/usr/share/modules}/init/bash" || die "MD_MODULES=$MD_MODULES, but there is no module command here: set MODULESHOME"
    # shellcheck disable=SC2086 # several modules, separated by blanks
    module load $MD_MODULES || die "module load $MD_MODULES failed: module avail lists what there is"
  fi
  if [ -n "$MD_CONDA_ENV" ]; then
    command -v conda >/dev/null || die "MD_CONDA_ENV=$MD_CONDA_ENV, but there is no conda on PATH: load its module with MD_MODULES"
    eval "$(conda shell.bash hook)"
    conda activate "$MD_CONDA_ENV" || die "MD_CONDA_ENV=$MD_CONDA_ENV cannot be activated: conda env list lists what there is"
  fi
  if [ -n "$MD_VENV" ]; then
    [ -e "$MD_VENV/bin/activate" ] || die "MD_VENV=$MD_VENV is no virtual environment on this node: name a folder that all nodes see"
    # shellcheck source=/dev/null
    source "$MD_VENV/bin/activate" || die "MD_VENV=$MD_VENV is no virtual environment on this node: name a folder that all nodes see"
  fi
  set -eu
  command -v mnist-diffusion >/dev/null || die 'mnist-diffusion is not on PATH: name its environment with MD_CONDA_ENV, MD_VENV or MD_MODULES'
}

run_step() { # run_step COMMAND…: on each node of the job; told to make room, the command may save, and the job is queued again
  local step status=0 next=0
  srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --kill-on-bad-exit=1 "$@" &
  step=$!
  while kill -0 "$step" 2>/dev/null; do
    if [ -n "$stopping" ] && [ "$SECONDS" -ge "$next" ]; then
      scancel --quiet --signal=USR1 "$job.0" || true
      next=$((SECONDS + 10)) # then again: the step may not have been ready for it
    fi
    sleep 1
  done
  wait "$step" || status=$?
  if [ "$status" -ne 0 ] && { [ -n "$stopping" ] || preempted; }; then queue_again; fi
  return "$status"
}

preempted() { [[ $(scontrol -o show job "$job") =~ PreemptTime=[0-9] ]]; } # SLURM has sent the step, not this shell, a SIGTERM, and would queue the job again later

queue_again() {
  trap '' TERM # which the requeue itself sends
  scontrol requeue "$job" || die "SLURM does not put job $job back into the queue: submit the same command again, it goes on from the checkpoint"
  echo "job $job is in the queue again and will go on from the checkpoint"
  exit 0
}

launch() { # launch COMMAND FLAG…: a command of mnist-diffusion, MD_PROCESSES a node
  local hosts
  mapfile -t hosts < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
  export MD_GPUS MD_INTERFACE MD_PORT MD_PROCESSES MD_HOST=${hosts[0]}
  echo "job $job ($SLURM_JOB_NAME, start $((${SLURM_RESTART_COUNT:-0} + 1))) on ${hosts[*]}: $MD_PROCESSES process(es) a node, $MD_GPUS GPU(s), ${SLURM_CPUS_PER_TASK:-1} CPU(s)"
  run_step bash "$MD_REPO/slurm/node.sh" "$@"
}

cd "$MD_REPO"
activate
MD_PROCESSES=$MD_GPUS
[ "$MD_GPUS" -gt 0 ] || MD_PROCESSES=$MD_CPU_PROCESSES
