# shellcheck shell=bash
# The output and the ends of every script here: first a plan, then each step by name, and one exit code per kind of end.
#   0 done · 1 failed, what served before still serves · 64 wrong usage · 69 something needed is unavailable · 75 busy
# Under DRY_RUN=1 `run` only prints; under CONFIRM=WORD `confirm` takes that word in place of a typed one.

# Progress for the person at the terminal. It goes to stderr, because stdout is for a command's answer.
say() { printf '%s\n' "$*" >&2; }

# Prints the numbered plan; each argument is a step.
plan() {
  local step number=0
  say "${0##*/} will:"
  for step in "$@"; do
    number=$((number + 1))
    say "  $number. $step"
  done
  [[ "${DRY_RUN:-0}" != 1 ]] || say "This is a dry run: nothing is changed."
}

# Scripts change things only through this function; a dry run prints the command in shell syntax.
run() {
  if [[ "${DRY_RUN:-0}" == 1 ]]; then
    local line
    printf -v line '%q ' "$@"
    say "would run: ${line% }"
    return 0
  fi
  "$@"
}

die() {
  local code=$1
  shift
  say "${0##*/}: $*"
  exit "$code"
}

# Names all missing programs together, so that an operator can install them at once.
need() {
  local program missing=()
  for program in "$@"; do
    command -v "$program" > /dev/null 2>&1 || missing+=("$program")
  done
  ((${#missing[@]} == 0)) || die 69 "these programs are missing: ${missing[*]}"
}

# Asks before an act that cannot be undone. Without a terminal, the word must be passed as an option.
confirm() {
  local word=$1 typed
  shift
  if [[ "${DRY_RUN:-0}" == 1 ]]; then
    say "would ask to type $word: $*"
    return 0
  fi
  if [[ -n "${CONFIRM:-}" ]]; then
    [[ "$CONFIRM" == "$word" ]] || die 64 "--confirm has to be exactly $word; nothing was done"
    return 0
  fi
  [[ -t 0 ]] || die 64 "$* There is no terminal to ask at: give --confirm=$word"
  say "$*"
  read -r -p "Type $word to go on: " typed || typed=''
  [[ "$typed" == "$word" ]] || die 1 "that was not $word; nothing was done"
}
