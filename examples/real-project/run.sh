#!/bin/sh
# Carries a two-phase milestone out on a package from PyPI, with the package's own test-suite as verification.
#
# Usage: run.sh [DIRECTORY]
#   DIRECTORY is made (default: a new temporary directory) and kept.
# Exit codes: 0 the milestone is done, pushed, and the suite passes on what was pushed; 69 nothing
#   could be fetched from the package index; otherwise what failed says so.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/../.." && pwd -P)

say() { printf '\n== %s\n' "$1"; }
fail() {
    printf 'run.sh: %s\n' "$1" >&2
    exit "${2-1}"
}

if [ -n "${1-}" ]; then
    [ ! -e "$1" ] || fail "$1 exists already; name a directory that does not" 64
    mkdir -p "$1"
    work=$(CDPATH='' cd -- "$1" && pwd -P)
else
    work=$(mktemp -d "${TMPDIR:-/tmp}/orchestra-real-project.XXXXXX")
fi
no_network() {
    fail "nothing could be fetched from the package index (why is above): this example needs a network" 69
}

say "The package, from PyPI, and what its tests need"
environment=$(sh "$root/scripts/environment.sh" "$here/environment.toml" "$work/environment" tests) || no_network
PATH=$environment/bin:$PATH
export PATH
python3 -I -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --no-build-isolation \
    --require-hashes --requirement "$here/package.txt" --dest "$work" || no_network
mkdir "$work/inflection"
tar -xzf "$work"/inflection-*.tar.gz -C "$work/inflection" --strip-components 1
cd "$work/inflection"
rm -rf ./*.egg-info docs/__pycache__

say "A repository of it, with a remote"
git init --quiet --bare --initial-branch=main ../origin.git
git init --quiet --initial-branch=main
git config user.name 'Real project'
git config user.email real-project@localhost
git config commit.gpgsign false
printf '%s\n' __pycache__/ .pytest_cache/ >.gitignore
git add --all
git commit --quiet --message 'chore: inflection 0.5.1 as published'
git remote add origin ../origin.git
git push --quiet --set-upstream origin main
git log --oneline

say "orchestra init, the plan, and what Orchestra thinks of it"
orchestra() { "$root/bin/orchestra" "$@"; }
orchestra init
mkdir -p .orchestra/milestones
cp -R "$here/milestones/M1-foreign-keys" .orchestra/milestones/
orchestra doctor
orchestra validate
orchestra ready M1 --reviewed-by 'the author of this example'
git add .orchestra
git commit --quiet --message 'chore: plan foreign keys'

say "The run, unattended"
orchestra run --auto --backend scripted --script "$here/script.yml"

say "The log"
orchestra log
say "The report, with its receipts"
orchestra report-run
say "What was pushed"
git -C ../origin.git log --format='%h %s  %(trailers:key=Orchestra-Ticket,valueonly,separator=%x20)' main

say "The package's own suite, in a new clone of what was pushed"
git clone --quiet "$work/origin.git" "$work/check"
cd "$work/check"
python3 -m pytest -q -p no:cacheprovider || fail "the suite fails on what was pushed"
python3 -c 'from inflection import foreign_key; assert foreign_key("shop.LineItem") == "line_item_id"'

printf '\nEverything lies in %s\n' "$work"
