#!/usr/bin/env bash
# End the Slurm that start.sh started in DIR, its jobs first, by the pids that it wrote down.
set -uo pipefail

DIR=$(realpath -m "$1")
export SLURM_CONF="$DIR/slurm.conf"

end() { # NAME PIDFILE
    local pid
    pid=$(cat "$2" 2>/dev/null) || return 0
    if [[ "$(cat "/proc/$pid/comm" 2>/dev/null)" == "$1"* ]]; then
        kill "$pid" 2>/dev/null
        for _ in $(seq 1 150); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null
    fi
    rm -f "$2"
}

if [ -e "$DIR/pids/slurmctld.pid" ]; then
    jobs=$(timeout 10 squeue -h -o %A 2>/dev/null | sort -u)
    if [ -n "$jobs" ]; then
        # shellcheck disable=SC2086 # one argument per job
        timeout 20 scancel --signal=KILL --full $jobs 2>/dev/null
        # shellcheck disable=SC2086
        timeout 20 scancel $jobs 2>/dev/null
    fi
    for _ in $(seq 1 50); do
        [ -n "$(timeout 5 squeue -h 2>/dev/null)" ] || break
        sleep 0.2
    done
fi
for pidfile in "$DIR"/pids/slurmd.*.pid; do
    end slurmd "$pidfile"
done
end slurmctld "$DIR/pids/slurmctld.pid"
end munged "$DIR/pids/munged.pid"
for file in slurm.conf gres.conf cgroup.conf; do
    [ "$(readlink "/etc/slurm/$file" 2>/dev/null)" != "$DIR/$file" ] || rm -f "/etc/slurm/$file"
done
exit 0
