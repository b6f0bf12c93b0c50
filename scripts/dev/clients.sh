#!/bin/sh
# Installs the agent programs that the tests in tests/clients run, and prints the directory
# that their names are in.
#
# Usage: clients.sh [NAME…]
#   NAME is one of tests/clients/versions.json; without any, those marked there as default.
#   They go to $ORCHESTRA_CLIENTS, or below ${XDG_CACHE_HOME:-~/.cache}/orchestra/clients.
#   Exit codes: 0; 64 for an unknown name; 69 when npm is not there or does not reach its
#   registry; 1 for anything else.
#
# Each is installed in a directory of its own and renamed when it is whole, so what has the
# final name works, whoever was killed when. The lock only spares a second call the work.
set -eu

fail() {
    code=$1
    shift
    printf 'clients.sh: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit "$code"
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
versions=$root/tests/clients/versions.json
for tool in node npm; do
    command -v "$tool" >/dev/null || fail 69 "$tool is not installed, so the agent programs cannot be fetched" \
        "Install Node.js 20 or newer."
done

# "NAME PACKAGE VERSION" for each name that was asked for; an unknown one ends it.
list='
const [path, ...asked] = process.argv.slice(1)
const all = JSON.parse(require("fs").readFileSync(path, "utf8"))
const names = asked.length ? asked : Object.keys(all).filter(name => all[name].default)
const unknown = names.find(name => !Object.hasOwn(all, name))
if (unknown !== undefined) {
    console.error(`clients.sh: there is no client ${unknown}\n  Known: ${Object.keys(all).join(", ")}.`)
    process.exit(64)
}
for (const name of names) console.log(name, all[name].package, all[name].version)
'

# npm blocks the scripts of a package unless the project allows them by name; older ones do not read the field.
project='
const [name, version] = process.argv.slice(1)
console.log(JSON.stringify({private: true, dependencies: {[name]: version}, allowScripts: {[name]: true}}))
'

# A rename that fails when the name is taken: mv would put the directory inside the other.
rename='require("fs").renameSync(process.argv[1], process.argv[2])'

# The link is the lock and says whose it is, in one step.
take_lock() {
    until ln -s "$$" "$place/lock" 2>/dev/null; do
        owner=$(readlink "$place/lock") || continue
        if kill -0 "$owner" 2>/dev/null; then
            sleep 1
        elif mv "$place/lock" "$new.lock" 2>/dev/null; then
            rm -f "$new.lock"
        fi
    done
    lock=$place/lock
}

clean_up() {
    rm -rf "$new" "$new.log"
    [ -z "$lock" ] || rm -f "$lock"
}

sweep() {
    for old in "$place/.new-$host-"*; do
        owner=${old#"$place/.new-$host-"}
        kill -0 "${owner%%.*}" 2>/dev/null || rm -rf "$old"
    done
}

explain() {
    said=$(grep -E '^npm (error|ERR!)' "$new.log" | head -n 4)
    reached='E(NOTFOUND|AI_AGAIN|CONN[A-Z]*|TIMEDOUT|HOSTUNREACH|NETUNREACH|RR_SOCKET_TIMEOUT|PROTO|5[0-9][0-9]|40[37])'
    if grep -q -E "^npm (error|ERR!) code $reached\$" "$new.log"; then
        fail 69 "npm does not reach its registry, so $1 cannot be fetched" "$said"
    fi
    fail 1 "npm could not install $1" "$said"
}

install() {
    rm -rf "$new"
    mkdir "$new"
    node -e "$project" "$2" "$3" >"$new/package.json"
    (cd "$new" && npm install --no-audit --no-fund --ignore-scripts=false --include=optional \
        --fetch-retries=1 --fetch-retry-mintimeout=1000) \
        >"$new.log" 2>&1 </dev/null || explain "$1"
    node -e "$rename" "$new" "$place/$1-$3" 2>"$new.log" || [ -d "$place/$1-$3" ] || explain "$1"
}

# Sets the name in bin/, by a rename: another call may be using it.
show() {
    target=../$1-$3/node_modules/.bin/$1
    [ "$(readlink "$place/bin/$1" 2>/dev/null)" != "$target" ] || return 0
    ln -s "$target" "$new.link"
    node -e "$rename" "$new.link" "$place/bin/$1"
}

wanted=$(node -e "$list" "$versions" "$@") || exit
key=$({ cat "$versions"; uname -sm; } | cksum)
place=${ORCHESTRA_CLIENTS:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/orchestra/clients/${key%% *}}
mkdir -p "$place/bin" || fail 1 "$place cannot be made" "Set ORCHESTRA_CLIENTS to a directory that can be written."
host=$(uname -n)
new=$place/.new-$host-$$
lock=''
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
while read -r name package version; do
    if [ ! -d "$place/$name-$version" ]; then
        take_lock
        sweep
        [ -d "$place/$name-$version" ] || install "$name" "$package" "$version"
        rm -f "$lock"
        lock=''
    fi
    show "$name" "$package" "$version"
done <<END
$wanted
END
printf '%s\n' "$place/bin"
