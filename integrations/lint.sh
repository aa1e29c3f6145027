#!/usr/bin/env bash
# What the GitHub Action runs, in the checkout of the project: installs this repository beside
# it, unless LINT_COMMAND says what to run, and annotates what is found. No value is evaluated.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

words() {
  # Parts $2 at blanks and line breaks, and puts it into the array called $1.
  local -n into=$1
  into=()
  local line part
  while IFS= read -r line || [[ -n $line ]]; do
    read -ra part <<<"$line"
    into+=("${part[@]}")
  done <<<"$2"
}

words command "${LINT_COMMAND:-}"
if [[ ${#command[@]} -eq 0 ]]; then
  place=${RUNNER_TEMP:-$(mktemp -d)}/ai-usage-lint
  "${LINT_PYTHON:-python3}" -m venv "$place"
  "$place/bin/python" -m pip install --quiet "$here"
  command=("$place/bin/ai-usage-lint")
fi

words paths "${LINT_PATHS:-.}"
words options "${LINT_ARGS:-}"
options+=(--format github)
[[ -z ${LINT_BASELINE:-} ]] || options+=("--baseline=$LINT_BASELINE")
[[ -z ${LINT_SINCE:-} ]] || options+=("--since=$LINT_SINCE")
[[ -z ${LINT_SARIF:-} ]] || options+=(--report "sarif=$LINT_SARIF")
exec "${command[@]}" "${options[@]}" -- "${paths[@]}"
