"""The shell that stands between a supervisor and a program, and outlives the supervisor.

POSIX sh with built-ins only: it costs one fork and nothing else. Arguments: the job's directory, the boot, the
control group to enter (empty for none), `joined` if the program is to say everything in one stream (empty if not), the
program and its arguments. On its standard input, which then is closed to the program, it is told its own start time:
that is the word to begin. It starts up while the supervisor still writes down that it is started, and dash, which reads
a line by the byte, would take longer for that of /proc than for all the rest. Without the word (97), because the
supervisor was killed just then, nothing is begun.

It makes the marker or leaves (99: someone else's, 98: the disk refused), runs the program, writes its exit code, and
ends with it, so that a parent still learns the code when the disk is full. It takes no TERM: whoever ends the job ends
the program, and the code is still written. The handler is a command and not '' because ignored signals would be
ignored by the program too. Streams are joined in a shell below, because dash tells of a killed program where that
program's words go. Names of its variables are odd because assigning to one that the program's environment has would
change it there.
"""

from __future__ import annotations

REFUSED = 99
UNWRITABLE = 98
UNTOLD = 97

SCRIPT = r"""
trap : HUP INT TERM
_o_dir=$1 _o_boot=$2 _o_group=$3 _o_joined=$4
shift 4
read -r _o_start && [ "$_o_start" ] || exit 97
exec < /dev/null
_o_me="$$ $_o_start $_o_boot"
set -C
{ true > "$_o_dir/pid"; } 2>/dev/null || exit 99
set +C
{ printf '%s\n' "$_o_me" ${_o_group:+"$_o_group"} >> "$_o_dir/pid"; } 2>/dev/null || exit 98
read -r _o_first < "$_o_dir/pid"
[ "$_o_first" = "$_o_me" ] || exit 99
[ -z "$_o_group" ] || { echo $$ > "$_o_group/cgroup.procs"; } 2>/dev/null
if [ -n "$_o_joined" ]; then ("$@" 2>&1); else "$@"; fi
_o_code=$?
{ echo "$_o_code" >> "$_o_dir/rc"; } 2>/dev/null
exit "$_o_code"
"""


def wrap(directory: str, boot: str, argv: tuple[str, ...], group: str = "", *, joined: bool = False) -> list[str]:
    """The argument list that runs `argv` as the job of `directory`, in the control group whose directory is `group`.

    A shell has words of its own about a program that was killed; with `joined` they are not among the program's.
    """
    return ["/bin/sh", "-c", SCRIPT, "orchestra-job", directory, boot, group, "joined" if joined else "", *argv]
