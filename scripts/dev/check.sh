#!/bin/sh
# Everything that must hold before a commit: ruff, the format, mypy, pytest.
#
# Usage: check.sh [--lint | ARGUMENTS OF PYTEST…]
#
# pytest runs even when a linter objects, so that one call tells the whole story; its closing
# line comes last, and any failure at all makes the exit code 1.
set -eu
cd -- "$(dirname -- "$0")/../.."
python() { sh scripts/dev/python.sh "$@"; }

failed=''
lint() {
    python -m ruff check . || failed="$failed ruff-check"
    python -m ruff format --check . || failed="$failed ruff-format(npm-run-format)"
    python -m mypy || failed="$failed mypy"
    [ -z "$failed" ] || printf 'failed:%s\n' "$failed"
}

lint
if [ "${1-}" != --lint ]; then
    python -m pytest -n auto "$@" || exit
fi
[ -z "$failed" ]
