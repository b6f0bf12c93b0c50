"""The shell that stands between a supervisor and a program, and outlives the supervisor.

POSIX sh with built-ins only: on Linux it costs one fork and nothing else. Arguments: the job's directory, the
boot, the control group to enter (empty for none), `joined` if the program is to say everything in one stream (empty if
not), the program and its arguments. It makes the marker or leaves (99: someone else's, 98: the disk refused), runs the
program, writes its exit code, and ends with it, so that a parent still learns the code when the disk is full. It takes
no TERM: whoever ends the job ends the program, and the code is still written. The handler is a command and not ''
because ignored signals would be ignored by the program too.

Its own start time it is told on its standard input, which then is closed to the program: dash reads a line by the
byte, and that of /proc takes it longer than all the rest. Where nobody tells it, because the supervisor was killed
just then, it looks itself. A shell's name in /proc holds no bracket: the fields are cut off at the first one, because
dash takes a tenth of a millisecond to find the last. Streams are joined in a shell below, because dash tells of a
killed program where that program's words go. Names of its variables are odd because assigning to one that the
program's environment has would change it there.
"""

from __future__ import annotations

REFUSED = 99
UNWRITABLE = 98

SCRIPT = r"""
trap : HUP INT TERM
_o_dir=$1 _o_boot=$2 _o_group=$3 _o_joined=$4
shift 4
_o_by_proc() { shift 19; _o_start=$1; }
_o_by_ps() { _o_start=$1_$2_$3_$4_$5; }
if read -r _o_start && [ "$_o_start" ]; then
  :
elif { read -r _o_line < /proc/$$/stat; } 2>/dev/null; then
  _o_by_proc ${_o_line#*) }
else
  _o_by_ps $(LC_ALL=C TZ=UTC0 /bin/ps -o lstart= -p $$)
fi
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
