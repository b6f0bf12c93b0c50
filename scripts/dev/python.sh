#!/bin/sh
# Runs Python with everything the tests need, in a virtual environment below .venv that is
# made when it is missing and made anew when the dependencies change.
#
# Usage: python.sh ARGUMENTS OF PYTHON…
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
key=$({ sed -n -e '/^dependencies = \[/,/^\]/p' -e '/^test = \[/,/\]$/p' "$root/pyproject.toml"; uname -sm; } | cksum)
place=$(sh "$root/scripts/environment.sh" "$root/pyproject.toml" "$root/.venv" "${key%% *}" test </dev/null)
PATH=$place/bin:$PATH
PYTHONPATH=$root/scripts
export PATH PYTHONPATH
exec "$place/bin/python" "$@"
