#!/usr/bin/env bash
# Submits the scripts of this folder to a real SLURM (local_cluster.sh), with small runs on CPUs, and checks what comes of it. Needs
# mnist-diffusion on PATH; installs SLURM's packages where it may, else skips. A line a check, the logs of those that failed; status 1 if any did.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tmp=$(mktemp -d /tmp/slurm_test.XXXXXX)
clone="$tmp/my clöne" failed=0 checks=() names=() # blanks and other letters in a path must do no harm

finish() {
  local status=$?
  trap - EXIT
  bash "$here/local_cluster.sh" stop "$tmp/cluster" || true
  cd /
  rm -rf "$tmp"
  [ "$failed" -eq 0 ] || exit 1
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

begin() { # begin NAME FUNCTION: start a check; they wait for their jobs side by side
  (set -e; "$2") >"$tmp/out.${#names[@]}" 2>&1 &
  checks+=($!) names+=("$1")
}

verdicts() {
  local k status
  for k in "${!names[@]}"; do
    status=0
    wait "${checks[k]}" || status=$?
    if [ "$status" -eq 0 ]; then printf 'ok      SLURM: %s\n' "${names[k]}"; continue; fi
    failed=1
    printf 'FAILED  SLURM: %s\n' "${names[k]}"
    sed 's/^/        /' "$tmp/out.$k"
  done
  if [ "$failed" -ne 0 ]; then { squeue; tail -n 12 slurm/logs/*.out; } 2>&1 | sed 's/^/        /'; fi
}

submit() { local id; id=$(sbatch --parsable "$@"); echo "${id%%;*}"; }

in_time() { [ "$SECONDS" -lt 700 ] || { echo "$1"; exit 1; }; }

ended() { # ended JOB STATE: wait until all tasks of a job have ended, in this state
  local states
  while [ -n "$(squeue -h -j "$1" 2>/dev/null)" ]; do sleep 1; in_time "job $1 does not end"; done
  states=$(scontrol -o show job "$1" | grep -o 'JobState=[A-Z_]*' | sort -u)
  [ "$states" = "JobState=$2" ] || { echo "job $1 ended as $states"; return 1; }
}

said() { grep -qsF -- "$2" slurm/logs/*[!0-9]_"$1"_*.out || { echo "the log of job $1 lacks: $2"; return 1; }; }

steps_of() { tail -n 1 "$1/metrics.jsonl" 2>/dev/null | sed -n 's/^{"step": \([0-9]*\),.*/\1/p' || true; }

reaches() { # reaches RUN STEP: wait until a run has logged a later step than this
  local step
  while step=$(steps_of "$1") && [ "${step:-0}" -le "$2" ]; do sleep 0.3; in_time "$1 does not go beyond step $2"; done
}

running() { while ! said "$1" 'start 1' >/dev/null; do sleep 0.3; in_time "job $1 does not start"; done; }

processes() { # processes JOB: node, rank, number of processes and threads of each that ran
  sort -u "$tmp/processes/$1"
}

same_weights() { python - "$@" <<'END'
import sys, torch
from mnist_diffusion.runs import latest_checkpoint
def leaves(x, name=''):
    if isinstance(x, dict): return [l for k in x for l in leaves(x[k], f'{name}/{k}')]
    if isinstance(x, (list, tuple)): return [l for k,v in enumerate(x) for l in leaves(v, f'{name}/{k}')]
    return [(name, x)] if torch.is_tensor(x) else []
(path, a), (_, b) = (latest_checkpoint(f'{run}/checkpoints') for run in sys.argv[1:])
a, b = (dict(l for part in ('model', 'ema', 'optimizer') for l in leaves(c[part], part)) for c in (a, b))
wrong = [k for k in a if k not in b or not torch.equal(a[k], b[k])]
print(path, len(a), 'tensors, different:', wrong[:5])
sys.exit(not a or a.keys() != b.keys() or bool(wrong))
END
}

close_losses() { python - "$@" <<'END'
import json, sys
one, two = ([r['loss'] for r in map(json.loads, open(f'{run}/metrics.jsonl')) if 'loss' in r] for run in sys.argv[1:])
print(one[:len(two)], two)
sys.exit(len(two) < 5 or max(abs(a - b) for a, b in zip(one, two)) > 1e-4)
END
}

same_results() { python - "$@" <<'END'
import glob, json, sys
a, b = ({(r['experiment_id'], r['seed']): (r['status'], r['test_mse']) for r in json.load(open(*glob.glob(f'{folder}/*_experiments_*.json')))['results']} for folder in sys.argv[1:])
print(a, b, sep='\n')
apart = max(abs(a[k][1] / b[k][1] - 1) for k in a) if a.keys() == b.keys() else 1 # other shapes may round otherwise
sys.exit(apart > 1e-4 or len(a) != 4 or any(s != "ok" for found in (a, b) for s, _ in found.values()))
END
}

small=(--dataset digits --batch_size 16 --mixed_precision no --lr_scheduler constant --log_every 1 --sample_every 0 --num_inference_steps 2)
tiny=("${small[@]}" --max_steps 8)
long=("${small[@]}" --model_channels 16 --max_steps 400 --num_epochs 100 --checkpoint_every 1)
cpu=(--gres=none --cpus-per-task=2 --mem=60G) # at most four at a time on the two nodes
grid=(--only '1,2' --seeds 2 --max_epochs 2)

train_mnist() {
  ended "$mnist" COMPLETED
  [ "$(processes "$mnist")" = $'node1 0 2 1\nnode1 1 2 1' ] || [ "$(processes "$mnist")" = $'node2 0 2 1\nnode2 1 2 1' ]
  [ -e outputs/mnist/pipeline/model_index.json ]
  [[ $(echo slurm/logs/train_mnist_*) =~ train_mnist_${mnist}_[0-9]{8}-[0-9]{6}\.out$ ]]
}
train_2gpu() { ended "$two" COMPLETED; [ "$(processes "$two" | wc -l)" = 2 ]; [ "$(steps_of outputs/two)" = 400 ]; }
no_gpus() { ended "$without" FAILED; said "$without" '2 GPU(s) were asked for, torch sees 0'; [ ! -e outputs/without ]; }
grid_parts() {
  ended "$parts" COMPLETED
  ended "$joined" COMPLETED
  ended "$whole" COMPLETED
  same_results outputs/parts outputs/whole
}
multinode() {
  ended "$nodes" COMPLETED
  [ "$(processes "$nodes")" = $'node1 0 4 1\nnode1 1 4 1\nnode2 2 4 1\nnode2 3 4 1' ]
  close_losses outputs/two outputs/nodes
}
seeds() { ended "$sweep" COMPLETED; [ "$(grep -ho '^seed: [0-9]*' outputs/sweep/fast_seed_[01]/config.yaml)" = $'seed: 0\nseed: 1' ]; }
overrides() {
  ended "$list" COMPLETED
  grep -q '^learning_rate: 0.0005 ' outputs/sweep/fast_list_2/config.yaml
  grep -q '^captions: .*a {digit}' outputs/sweep/fast_list_2/config.yaml
}
evaluated() { ended "$figures" COMPLETED; [ -e outputs/mnist/evaluation.md ]; }
signalled_twice() { # first as it starts, then in the middle
  local step=0 start logs
  for start in 1 2; do
    if [ "$start" = 1 ]; then running "$signalled"; else reaches outputs/signalled "$((step + 20))"; fi
    scancel --batch --signal=USR1 "$signalled"
    while [ "$(scontrol -o show job "$signalled" | grep -o 'Restarts=[0-9]*')" != "Restarts=$start" ]; do sleep 0.3; in_time 'not queued again'; done
    step=$(steps_of outputs/signalled)
    [ "$step" -lt 400 ]
  done
  ended "$signalled" COMPLETED
  logs=(slurm/logs/*[!0-9]_"$signalled"_*.out)
  grep -H -e 'stopped by SIGUSR1 after step' -e 'resuming from' "${logs[@]}"
  [ "${#logs[@]} $(cat "${logs[@]}" | grep -c 'stopped by SIGUSR1 after step') $(cat "${logs[@]}" | grep -c 'resuming from')" = '3 2 2' ]
  same_weights outputs/two outputs/signalled
}
requeued() { # as when SLURM preempts a job or a node fails: SIGTERM, then SIGKILL, without a word before
  while [ "$(find outputs/requeued/checkpoints -name '*.pt' 2>/dev/null | wc -l)" = 0 ]; do sleep 0.3; in_time 'no checkpoint'; done
  scontrol requeue "$requeue"
  [ "$(steps_of outputs/requeued)" -lt 400 ]
  ended "$requeue" COMPLETED
  said "$requeue" 'resuming from'
  same_weights outputs/two outputs/requeued
}
cancelled() { # and not queued again
  reaches outputs/cancelled 0
  scancel "$cancel"
  ended "$cancel" CANCELLED
}

command -v mnist-diffusion >/dev/null || { echo 'mnist-diffusion is not on PATH' >&2; exit 2; }
if ! bash "$here/local_cluster.sh" install >"$tmp/out" 2>&1; then echo "skipped SLURM: its packages cannot be installed here ($(tail -n 1 "$tmp/out"))"; exit 0; fi
eval "$(bash "$here/local_cluster.sh" start "$tmp/cluster")"
mkdir -p "$clone" "$tmp/processes" "$tmp/python"
cp -R "$here" "$clone/slurm"
printf -- '--ema_decay 0.9\n--learning_rate 0.0005 --captions "a {digit},the digit {digit}"\n' >"$clone/list.txt"
cd "$clone"
rm -f slurm/logs/*.out
cat >"$tmp/python/sitecustomize.py" <<END # each process of a launch leaves a line
import os
e = os.environ
if 'RANK' in e and 'SLURM_PROCID' in e:
    with open(f"$tmp/processes/{e['SLURM_JOB_ID']}", 'a') as f: print(*(e.get(k) for k in ('SLURMD_NODENAME', 'RANK', 'WORLD_SIZE', 'OMP_NUM_THREADS')), file=f)
END
export PYTHONPATH=$tmp/python${PYTHONPATH:+:$PYTHONPATH} OMP_WAIT_POLICY=PASSIVE
unset MD_REPO MD_GPUS MD_PORT MD_PROCESSES MD_CPU_PROCESSES MD_INTERFACE
echo "        $(sinfo --version)"

two=$(submit "${cpu[@]}" slurm/train_2gpu.sh fast "${long[@]}" --output_dir outputs/two)
signalled=$(submit "${cpu[@]}" slurm/train_2gpu.sh fast "${long[@]}" --checkpoint_every 100 --output_dir outputs/signalled)
requeue=$(submit "${cpu[@]}" slurm/train_2gpu.sh fast "${long[@]}" --save_every_minutes 0.03 --output_dir outputs/requeued)
mnist=$(submit "${cpu[@]}" slurm/train_mnist.sh "${tiny[@]}" --block_widths 8,8 --layers_per_block 1 --output_dir outputs/mnist)
nodes=$(submit "${cpu[@]}" slurm/train_multinode.sh fast "${tiny[@]}" --model_channels 16 --output_dir outputs/nodes)
cancel=$(MD_CPU_PROCESSES=1 submit "${cpu[@]}" slurm/train_2gpu.sh fast "${long[@]}" --output_dir outputs/cancelled)
without=$(submit --mem=60G slurm/train_2gpu.sh fast "${tiny[@]}" --output_dir outputs/without)
whole=$(submit slurm/run_diffusion_mnist1d.sh "${grid[@]}" --output_dir outputs/whole)
read -r parts joined < <(bash slurm/submit_mnist1d_array.sh 2 "${grid[@]}" --output_dir outputs/parts | sed 's/.*: job \([0-9]*\);.* job \([0-9]*\)$/\1 \2/')
sweep=$(submit "${cpu[@]}" --array=0-1 slurm/sweep.sh fast "${tiny[@]}" --model_channels 8)
list=$(MD_SWEEP=list.txt submit "${cpu[@]}" --array=2 slurm/sweep.sh fast "${tiny[@]}" --model_channels 8 --condition text)
figures=$(submit "${cpu[@]}" --dependency="afterok:$mnist" slurm/evaluate.sh outputs/mnist --num_images 100 --latest)

begin 'train_mnist.sh, two CPU processes' train_mnist
begin 'train_2gpu.sh, two CPU processes' train_2gpu
begin 'train_multinode.sh, two nodes with two processes each, the losses of one node' multinode
if [ ! -e /dev/nvidia0 ]; then begin 'GPUs asked for that are not there: a clear line' no_gpus; fi
begin 'run_diffusion_mnist1d.sh, an array with a dependent merge, the numbers of one job' grid_parts
begin 'sweep.sh over seeds' seeds
begin 'sweep.sh over a list of settings' overrides
begin 'evaluate.sh' evaluated
begin 'signalled twice, queued again twice, the weights of an undisturbed run' signalled_twice
begin 'queued again without warning (SIGTERM, SIGKILL), the weights of an undisturbed run' requeued
begin 'scancel ends a job, which is not queued again' cancelled
verdicts
echo "        SLURM: $SECONDS s"
