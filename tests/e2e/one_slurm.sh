#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A real Slurm for tests, on this host alone, without systemd, cgroups, or anything outside of FOLDER. It has two nodes,
# "one" and "two", and a partition "urgent", whose jobs preempt those of other partitions on node two. Each is a slurmd in a PID and a mount namespace, with a disk of its own: FOLDER/disk, which is another
# one on each node. SLURM_CONF=FOLDER/slurm.conf lets sbatch find it.
#
#   one_slurm.sh start FOLDER             prints why that is not possible here, and ends with 1
#   one_slurm.sh node FOLDER NAME SIZE    starts a node again, with a disk of this size (as mount takes it)
#   one_slurm.sh kill FOLDER NAME         ends a node at once, with all that runs there: its power fails
#   one_slurm.sh stop FOLDER
set -eu
folder=$2
export SLURM_CONF="$folder/slurm.conf"

listens() { # PORT
  grep -q ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp
}

# Prints the first of three ports that are free; other tests that run now have other ones.
free_ports() {
  port=$((20000 + $(printf %d "0x$(printf %s "$folder" | sha256sum | cut -c1-3)") * 3))
  while listens $port || listens $((port + 1)) || listens $((port + 2)); do port=$((port + 3)); done
  echo $port
}

start_node() { # NAME SIZE
  mkdir -p "$folder/disk"
  # shellcheck disable=SC2016 # the inner shell expands its arguments
  setsid unshare --pid --fork --kill-child --mount --mount-proc \
    sh -c 'mount -t tmpfs -o mode=711,size="$3" disk "$1/disk" && exec slurmd -D -N "$2"' sh "$folder" "$1" "$2" \
    >"$folder/node-$1.out" 2>&1 </dev/null &
  echo $! >"$folder/node-$1.pid"
}

# Waits until both nodes can run jobs.
wait_for_nodes() {
  tries=0
  until [ "$(sinfo --noheader --Node --partition=all --format=%T 2>/dev/null | grep -c '^idle$\|^mixed$')" = 2 ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "Slurm's nodes do not come up: $(tail -n 3 "$folder"/node-*.out)"; exit 1; }
    sleep 0.1
  done
}

kill_pid_file() { # SIGNAL FILE
  [ ! -f "$2" ] || kill "-$1" "$(cat "$2")" 2>/dev/null || true
}

case $1 in
  start)
    [ "$(id -u)" = 0 ] || { echo "only root can make the namespaces of nodes"; exit 1; }
    for program in munged slurmctld slurmd sbatch; do
      command -v $program >/dev/null || { echo "there is no $program (packages slurmctld, slurmd, slurm-client)"; exit 1; }
    done
    unshare --pid --fork --mount --mount-proc true 2>/dev/null || { echo "namespaces cannot be made here"; exit 1; }
    mkdir -p "$folder/state" "$folder/spool-one" "$folder/spool-two"
    head -c 128 /dev/urandom >"$folder/munge.key"
    chmod 600 "$folder/munge.key"
    munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munge.pid" \
      --log-file="$folder/munge.log" --seed-file="$folder/munge.seed" 2>/dev/null
    host=$(hostname -s)
    port=$(free_ports)
    cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0
SlurmctldPort=$port
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
SlurmdTimeout=2
MessageTimeout=2
KillWait=5
ReturnToService=2
MpiDefault=none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
NodeName=one NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1 RealMemory=4000
NodeName=two NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1 RealMemory=4000
PartitionName=all Nodes=one,two Default=YES MaxTime=INFINITE State=UP
PartitionName=second Nodes=two MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=two PriorityTier=10 MaxTime=INFINITE State=UP
END
    slurmctld
    start_node one 1g
    start_node two 1g
    wait_for_nodes
    ;;
  node)
    start_node "$3" "$4"
    wait_for_nodes
    ;;
  kill)
    # The first process of the namespace; `unshare` is its parent.
    kill -9 "$(cat "/proc/$(cat "$folder/node-$3.pid")/task/$(cat "$folder/node-$3.pid")/children")"
    ;;
  stop)
    for node in one two; do kill_pid_file 9 "$folder/node-$node.pid"; done
    kill_pid_file TERM "$folder/slurmctld.pid"
    kill_pid_file TERM "$folder/munge.pid"
    ;;
esac
