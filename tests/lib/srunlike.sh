#!/bin/sh
# srunlike.sh DIR COMMAND...: behaves as srun does at its end and in its queue.
# COMMAND runs as a job of its own (another session); DIR/job.PID is there while it does. While DIR/hold exists the job is queued.
# SIGTERM withdraws or ends the job, so does the end of stdin; killed alone, its shepherd does that; killed as a group, nobody does.
exec 4<&0
dir=$1
shift
job=$dir/job.$$
finish() {
	[ -z "$work" ] || kill -KILL -- "-$work" 2>/dev/null
	rm -f "$job" "$dir/in.$$"
	exit "$1"
}
trap 'finish 143' TERM
echo "$$" >>"$dir/clients"
if [ -e "$dir/down" ]; then
	echo "srun: error: Unable to allocate resources: node is down" >&2
	exit 1
fi
: >"$job"
(trap '' TERM; while kill -0 $$ 2>/dev/null; do sleep 0.05; done; [ ! -e "$job.work" ] || kill -KILL -- "-$(cat "$job.work")" 2>/dev/null; rm -f "$job" "$job.work") >/dev/null 2>&1 </dev/null &
if [ -e "$dir/hold" ]; then
	echo "srun: job 4711 queued and waiting for resources" >&2
	while [ -e "$dir/hold" ]; do sleep 0.05; done
	echo "srun: job 4711 has been allocated resources" >&2
fi
mkfifo "$dir/in.$$"
setsid -w "$@" <"$dir/in.$$" &
starter=$!
exec 3>"$dir/in.$$"
cat <&4 >&3 3>&- 4<&- &
exec 3>&- 4<&-
work=$(ps -o pid= --ppid "$starter" | tr -d ' ')
work=${work:-$starter}
echo "$work" >"$job.work"
wait "$starter"
status=$?
rm -f "$job.work"
finish $status
