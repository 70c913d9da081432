#!/usr/bin/env bash
# What a job does on each of its nodes; `launch` of common.sh starts it through srun.
set -euo pipefail

if [ "$MD_GPUS" -gt 0 ]; then
  seen=$(python -c 'import torch; print(torch.cuda.device_count())')
  if [ "$seen" -lt "$MD_GPUS" ]; then
    echo "$SLURM_JOB_NAME: $MD_GPUS GPU(s) were asked for, torch sees $seen on ${SLURMD_NODENAME:-this node} (CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES-not set}):" \
      'see that nvidia-smi works there and torch is a CUDA build, or submit without GPUs: MD_GPUS=0 sbatch --gres=none …' >&2
    exit 2
  fi
else
  export CUDA_VISIBLE_DEVICES='' # a job without GPUs keeps off those of others
fi

threads=$((${SLURM_CPUS_PER_TASK:-1} / MD_PROCESSES))
export OMP_NUM_THREADS=$((threads > 1 ? threads : 1))
if [ -n "$MD_INTERFACE" ]; then export NCCL_SOCKET_IFNAME=$MD_INTERFACE GLOO_SOCKET_IFNAME=$MD_INTERFACE; fi

nodes=$SLURM_JOB_NUM_NODES
if [ $((nodes * MD_PROCESSES)) -eq 1 ]; then exec mnist-diffusion "$@"; fi

# accelerate's own process would die of the USR1 that the training obeys, and leave it alone: ignored here, it is ignored there.
trap '' USR1
meet=(--num_machines "$nodes" --main_process_port "$MD_PORT")
if [ "$nodes" -gt 1 ]; then meet+=(--machine_rank "$SLURM_NODEID" --main_process_ip "$MD_HOST"); fi
# Several processes are called --multi_gpu in accelerate, on CPUs too. The precision is the config's.
exec accelerate launch --multi_gpu --num_processes=$((nodes * MD_PROCESSES)) "${meet[@]}" \
  --mixed_precision no --dynamo_backend no --num_cpu_threads_per_process "$OMP_NUM_THREADS" -m mnist_diffusion.cli "$@"
