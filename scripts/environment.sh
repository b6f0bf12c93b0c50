#!/bin/sh
# Makes a virtual environment and prints its directory.
#
# Usage: environment.sh PYPROJECT PLACE KEY [EXTRA]
#   Installs the dependencies that PYPROJECT lists (and those of EXTRA) into
#   PLACE/KEY-<python>-<checksum of its path>, unless that is there already.
#
# The environment is built in a directory of its own and renamed when it is whole, so what has
# the final name works, whoever was killed when. The lock only spares a second call the work.
# Renaming is safe because nothing in it is started but bin/python, which finds its packages
# from where it is.
set -eu

say() { printf 'orchestra: %s\n' "$1" >&2; }

fail() {
    say "$1"
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# Without sqlite3 or ssl (a pyenv build on a machine without their headers) nothing would work later.
probe='
import os, sys
import ssl, sqlite3, tomllib, venv
print(sys.implementation.cache_tag)
print(os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable))
sys.exit(sys.version_info < (3, 11))
'

# Sets python (the real interpreter: neither a pyenv shim nor a link of another virtual
# environment, both of which come and go) and tag; false when $1 cannot be used.
try() {
    found=$("$1" -I -c "$probe" 2>/dev/null) || return 1
    tag=${found%%
*}
    python=${found#*
}
    [ -x "$python" ]
}

find_python() {
    if [ -n "${ORCHESTRA_PYTHON-}" ]; then
        try "$ORCHESTRA_PYTHON" || fail "ORCHESTRA_PYTHON=$ORCHESTRA_PYTHON cannot be used" \
            "It must be Python 3.11 or newer with the modules sqlite3, ssl and venv."
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        path=$(command -v "$name") || continue
        # On a Mac without the developer tools this stub opens a dialogue; with them it is 3.9.
        [ "$path" = /usr/bin/python3 ] && [ "$(uname -s)" = Darwin ] && continue
        if try "$path"; then return; fi
    done
    fail "no Python 3.11 or newer was found (with the modules sqlite3, ssl and venv)" \
        "Debian or Ubuntu: apt install python3 python3-venv.  macOS: brew install python@3.12." \
        "If it is somewhere else, name it: ORCHESTRA_PYTHON=/path/to/python3"
}

requirements='
import sys, tomllib
project = tomllib.load(open(sys.argv[1], "rb"))["project"]
extras = [one for name in sys.argv[2:] for one in project["optional-dependencies"][name]]
print("\n".join(project["dependencies"] + extras))
'

# A lock directory whose owner is gone is moved away first: of two that see it, one moves it.
take_directory_lock() {
    told=''
    until mkdir "$place/lock" 2>/dev/null; do
        owner=$(cat "$place/lock/owner" 2>/dev/null || :)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
            if mv "$place/lock" "$new.stale" 2>/dev/null; then rm -rf "$new.stale"; fi
            continue
        fi
        # Killed between mkdir and echo: nobody will ever write the owner.
        [ -n "$owner" ] || find "$place/lock" -prune -mmin +1 -exec rm -rf {} + 2>/dev/null
        [ -n "$told" ] || say "another call is making the Python environment; waiting for it"
        told=1
        sleep 1
    done
    lock=$place/lock
    echo "$$" >"$lock/owner"
}

take_lock() {
    if [ -z "${ORCHESTRA_NO_FLOCK-}" ] && command -v flock >/dev/null; then
        exec 9>"$place/.lock"
        flock -n 9 && return
        say "another call is making the Python environment; waiting for it"
        flock 9
    else
        take_directory_lock
    fi
}

clean_up() {
    rm -rf "$new" "$new.txt" "$new.log" "$new.stale"
    [ -z "$lock" ] || rm -rf "$lock"
}

# What calls that were killed have left. Another host on the same home directory keeps its own.
sweep() {
    for old in "$place/.new-$host-"*; do
        owner=${old#"$place/.new-$host-"}
        kill -0 "${owner%%.*}" 2>/dev/null || rm -rf "$old"
    done
}

# The lock is not handed down (9>&-): what outlives a killed call must not hold up the next.
quietly() { "$@" >>"$log" 2>&1 </dev/null 9>&-; }

with_uv() {
    command -v uv >/dev/null || return 1
    quietly uv venv --no-project --no-config -q --python "$python" "$new" &&
        quietly uv pip install --no-config -q --compile-bytecode --python "$new/bin/python" -r "$new.txt"
}

# The interpreter's own pip spares unpacking another, and works on Debian without python3-venv;
# it may be missing, or too old to know --python (before 22.3).
with_pip() {
    if quietly "$python" -I -m venv --without-pip "$new" &&
        quietly "$python" -I -m pip --python "$new/bin/python" --version; then
        quietly "$python" -I -m pip --python "$new/bin/python" install $pip_options -r "$new.txt"
    else
        rm -rf "$new"
        quietly "$python" -I -m venv "$new" &&
            quietly "$new/bin/python" -I -m pip install $pip_options -r "$new.txt"
    fi
}

explain() {
    said=$(tail -n 5 "$log" | cut -c 1-300)
    if grep -q -e 'ensurepip is not' -e 'No module named ensurepip' -e 'No module named venv' "$log"; then
        advice="Python's venv module is not whole. Debian or Ubuntu: apt install python3-venv"
    elif grep -q -e 'No space left' -e 'quota exceeded' "$log"; then
        advice="The disk is full: make room in $place and call again."
    elif grep -q -i -e 'connection' -e 'name resolution' -e 'network is unreachable' -e 'No matching distribution' "$log"; then
        advice="The package index cannot be reached: check the network, or PIP_INDEX_URL and PIP_FIND_LINKS, and call again."
    else
        advice="Mend what it says and call again; ORCHESTRA_PYTHON=/path/to/python3 chooses another Python."
    fi
    mv "$log" "$place/setup.log"
    fail "its Python environment could not be made" "$advice" "All that was said is in $place/setup.log; its end:" "$said"
}

# os.rename, because mv would put the directory inside one that is there. What is there is either
# another call's work (it did not have our lock: another kind, or a stale one) or a damaged rest.
put_in_place() {
    rename='import os, sys; os.rename(*sys.argv[1:])'
    if "$python" -I -c "$rename" "$new" "$final" 2>/dev/null || [ -x "$final/bin/python" ]; then return; fi
    mv "$final" "$new.stale" && "$python" -I -c "$rename" "$new" "$final" 2>/dev/null ||
        fail "$final is in the way" "Remove it and call again."
}

make() {
    say "first use: making a Python environment in $final (once, up to a minute)"
    "$python" -I -c "$requirements" "$pyproject" ${extra:+"$extra"} >"$new.txt"
    : >"$log"
    # What someone else's settings would do to an installation into a virtual environment.
    unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV UV_SYSTEM_PYTHON UV_TARGET UV_PREFIX PYTHONHOME PYTHONPATH
    export PIP_USER=0
    pip_options='-q --disable-pip-version-check --no-input --no-warn-script-location'
    for way in with_uv with_pip; do
        if "$way"; then
            printf '%s\n' "$python" >"$new/base"
            put_in_place
            return
        fi
        rm -rf "$new"
    done
    explain
}

pyproject=$1 place=$2 key=$3 extra=${4-}
find_python
base=$(printf '%s' "$python" | cksum)
final=$place/$key-$tag-${base%% *}
if [ ! -x "$final/bin/python" ]; then
    mkdir -p "$place" 2>/dev/null && [ -w "$place" ] || fail "$place cannot be written to" \
        "Give yourself that directory, or set XDG_DATA_HOME to another place."
    host=$(uname -n)
    new=$place/.new-$host-$$
    log=$new.log
    lock=''
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    take_lock
    sweep
    [ -x "$final/bin/python" ] || make
fi
printf '%s\n' "$final"
