#!/usr/bin/env bash
# Start a private Slurm of two nodes with fake GPUs on loopback: start.sh DIR, as root.
# DIR holds configuration, keys, state, logs and pids; stop.sh DIR ends it. The packages slurmctld,
# slurmd, slurm-client and munge must be installed; neither systemd nor cgroups are needed.
set -euo pipefail

DIR=$(realpath -m "$1")
PORT=${PORT:-17000}
NODES=(node1 node2)
HOST=$(hostname -s)

fail() { echo "start.sh: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "needs root"
for file in slurm.conf gres.conf cgroup.conf; do
    # Jobs look for these where Slurm looks by default, since the executor plugin removes SLURM_*
    # from their environment; so they are linked there.
    [ ! -e "/etc/slurm/$file" ] || [ -L "/etc/slurm/$file" ] ||
        fail "/etc/slurm/$file is a real file; this machine has a Slurm of its own"
done
for pid in "$DIR"/pids/*.pid; do
    [ ! -e "$pid" ] || fail "$DIR is in use; run stop.sh $DIR first"
done

mkdir -p "$DIR"/{munge,state,spool,log,pids} /etc/slurm
chmod 0711 "$DIR/munge" # the socket must be within reach of every user who submits jobs
(umask 077; head -c 128 /dev/urandom >"$DIR/munge/key")
# --force accepts a folder in which others may write, such as /tmp.
munged --force --key-file="$DIR/munge/key" --socket="$DIR/munge/socket" --num-threads=2 \
    --pid-file="$DIR/pids/munged.pid" --log-file="$DIR/log/munged.log" \
    --seed-file="$DIR/munge/seed" 2>>"$DIR/log/munged.stderr"

cat >"$DIR/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$PORT
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$DIR/munge/socket
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
SlurmctldPidFile=$DIR/pids/slurmctld.pid
SlurmdPidFile=$DIR/pids/slurmd.%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd.%n.log
# No systemd and no cgroups.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
SwitchType=switch/none
# Cores, memory and GPUs are what jobs use up; a node may claim more than the machine has.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2,sched_min_interval=0,defer_batch=0
EnforcePartLimits=ALL
GresTypes=gpu
SlurmdParameters=config_overrides
PropagateResourceLimits=NONE
DefMemPerCPU=500
# No accounting database; the controller remembers jobs for an hour.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/log/jobs.txt
MinJobAge=3600
ReturnToService=2
KillWait=5
$(for i in "${!NODES[@]}"; do
    echo "NodeName=${NODES[i]} NodeHostname=$HOST NodeAddr=127.0.0.1 Port=$((PORT + 1 + i))" \
        "CPUs=4 RealMemory=16000 Gres=gpu:fake:2 State=UNKNOWN"
done)
PartitionName=cpu Nodes=ALL Default=YES MaxTime=24:00:00 State=UP LLN=YES
PartitionName=gpu Nodes=ALL Default=NO MaxTime=24:00:00 State=UP LLN=YES
CONF
# Character devices that always exist stand in for GPUs.
{
    echo "AutoDetect=off"
    for node in "${NODES[@]}"; do
        echo "NodeName=$node Name=gpu Type=fake File=/dev/tty[1-2]"
    done
} >"$DIR/gres.conf"
printf 'Constrain%s=no\n' Cores Devices RAMSpace >"$DIR/cgroup.conf"

export SLURM_CONF="$DIR/slurm.conf"
for file in slurm.conf gres.conf cgroup.conf; do
    ln -sfn "$DIR/$file" "/etc/slurm/$file"
done
slurmctld -f "$SLURM_CONF"
for node in "${NODES[@]}"; do
    mkdir -p "$DIR/spool/$node"
    slurmd -f "$SLURM_CONF" -N "$node"
done

for _ in $(seq 1 100); do
    ! grep -h 'fatal:' "$DIR/log/slurmctld.log" >&2 || exit 1
    idle=$(timeout 5 sinfo -h -N -p cpu -t idle -o %N 2>/dev/null | sort -u | wc -l)
    [ "$idle" != "${#NODES[@]}" ] || exit 0
    sleep 0.2
done
fail "only $idle of ${#NODES[@]} nodes are idle; see $DIR/log"
