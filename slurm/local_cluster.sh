#!/usr/bin/env bash
# A real SLURM on this one machine, to try jobs before asking a cluster for hours: munged, slurmctld and two slurmd, plain processes
# that keep all they have in one folder. No systemd, cgroups or database.
#   bash slurm/local_cluster.sh install                       # Debian's or Ubuntu's packages, as root
#   eval "$(bash slurm/local_cluster.sh start /tmp/cluster)"  # sbatch, srun and squeue now work in this shell
#   bash slurm/local_cluster.sh stop /tmp/cluster
# The two nodes claim 8 CPUs, 128 GB and 2 GPUs each, whatever the machine has: requests are scheduled, not enforced.
set -euo pipefail

die() { echo "slurm/local_cluster.sh: $*" >&2; exit 1; }

installed() { command -v munged >/dev/null && command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v sbatch >/dev/null; }

install() {
  if installed; then return; fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends munge slurmctld slurmd slurm-client >/dev/null
}

configure() {
  local f host port=16900
  host=$(hostname -s)
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 10)); done # another cluster is there
  cat >"$dir/slurm.conf" <<END
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
# A job that is queued again waits for cred_expire seconds: 120 without this line.
AuthInfo=socket=$dir/munge.socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool.%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.%n.log
# There is no sacct: jobs that have ended are lines of this file, and scontrol knows them for a day (MinJobAge).
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobs.txt
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=1024
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
KillWait=5
MinJobAge=86400
ReturnToService=2
MailProg=/bin/true
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=DEFAULT CPUs=8 RealMemory=131072 Gres=gpu:2
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1))
NodeName=node2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2))
PartitionName=main Nodes=node[1-2] Default=YES GraceTime=30
PartitionName=short Nodes=node[1-2] MaxTime=4:00:00 PreemptMode=OFF
# Jobs in urgent drive those in main back into the queue.
PartitionName=urgent Nodes=node[1-2] PriorityTier=10 PreemptMode=OFF
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
END
  for f in "$dir"/gpu{0,1}; do ln -sf /dev/null "$f"; done # jobs are told only of GPUs whose device files exist
  echo "NodeName=node[1-2] Name=gpu File=$dir/gpu[0-1]" >"$dir/gres.conf"
}

name_nodes() { # name_nodes yes|no: scripts find the nodes by name. /etc/hosts is written in place, as it may be a mount
  local others
  if [ ! -w /etc/hosts ]; then
    getent hosts node1 node2 >/dev/null || echo 'add to /etc/hosts, for jobs on both nodes: 127.0.0.1 node1 node2' >&2
    return
  fi
  others=$(grep -vF "# SLURM in $dir." /etc/hosts || true)
  { echo "$others"; [ "$1" = no ] || echo "127.0.0.1 node1 node2 # SLURM in $dir."; } >/etc/hosts
}

start() {
  installed || die "SLURM is not installed: $0 install"
  [ ! -e "$dir" ] || [ -e "$dir/slurm.conf" ] || [ -z "$(ls -A "$dir")" ] || die "$dir holds other things: name a new folder"
  stop
  rm -rf "$dir"/{state,log,spool.*,*.pid}
  mkdir -p "$dir"/{state,log}
  configure
  name_nodes yes
  (umask 077 && head -c 128 /dev/urandom >"$dir/munge.key")
  if ! daemons; then stop; die "a daemon did not start: see $dir/log"; fi
  for _ in {1..150}; do
    [ "$(sinfo -h -N -p main -t idle -o %N 2>/dev/null | wc -l)" != 2 ] || return 0
    sleep 0.2
  done
  stop
  die "the nodes were not ready within 30 s: see $dir/log"
}

daemons() { # --force: munged refuses folders that others may not enter
  munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" --seed-file="$dir/munge.seed" \
    --log-file="$dir/log/munged.log" && slurmctld && slurmd -N node1 && slurmd -N node2
}

mine() { # the processes of this cluster's jobs, which know its SLURM_CONF and their job
  local f
  grep -lszxF "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ | while read -r f; do
    if grep -qsz '^SLURM_JOB_ID=' "$f"; then f=${f#/proc/}; echo "${f%/environ}"; fi
  done
}

stop() {
  local d pid
  [ -e "$dir/slurm.conf" ] || return 0
  if [ -e "$dir/slurmctld.pid" ]; then
    for _ in {1..20}; do
      squeue -h -o %A 2>/dev/null | sort -u | xargs -r scancel --quiet --full --signal=KILL 2>/dev/null || true # those that run
      squeue -h -o %A 2>/dev/null | sort -u | xargs -r scancel --quiet 2>/dev/null || true                      # those that wait
      [ -n "$(squeue -h 2>/dev/null)" ] || break
      sleep 0.5
    done
  fi
  mine | xargs -r kill -KILL 2>/dev/null || true # without cgroups a process can outlive its job
  for d in slurmd.node1 slurmd.node2 slurmctld munged; do
    pid=$(cat "$dir/$d.pid" 2>/dev/null) || continue
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "${d%%.*}" ] || continue # the number may be another's by now
    kill "$pid" 2>/dev/null || continue
    for _ in {1..50}; do [ -e "/proc/$pid/exe" ] || break; sleep 0.1; done
  done
  name_nodes no
}

[ -z "${SLURM_JOB_ID:-}" ] || die 'not from within a job'
dir=$(realpath -m "${2:-/}")
export SLURM_CONF=$dir/slurm.conf
case ${1:-} in
  install) install ;;
  start | stop)
    [[ $dir =~ ^/[A-Za-z0-9/._-]{1,80}$ ]] || die "name a folder, of at most 80 letters, digits, dots and hyphens: $0 $1 /tmp/cluster"
    "$1"
    if [ "$1" = start ]; then echo "export SLURM_CONF=$SLURM_CONF"; fi ;;
  *) die "usage: $0 install | start FOLDER | stop FOLDER" ;;
esac
