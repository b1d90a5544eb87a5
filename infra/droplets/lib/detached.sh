# shellcheck shell=bash
# A deploy survives its connection: it runs in a separate session and writes to a log, and the caller only follows that log. When the caller is disconnected, the deploy continues to its end.

run_detached() { # run_detached SCRIPT [arguments]…
  # The log is in memory, so that it works with a full disk. At the end it is copied to the disk, if there is space.
  local live=$ROOT/run/basecommerce base watcher code try
  mkdir -p "$live"
  base=$live/$(date -u +%Y%m%dT%H%M%SZ)-$$
  : > "$base.log" || die 1 "$live cannot be written"
  # shellcheck disable=SC2016  # expanded by the new session's shell
  setsid --fork bash -c '
    base=$1 kept=$2; shift 2
    exec < /dev/null > "$base.log" 2>&1
    echo "$$" > "$base.pid"
    code=0; "$@" || code=$?
    { mkdir -p "$kept" && cp "$base.log" "$kept/" && find "$kept" -type f -mtime +30 -delete; } 2> /dev/null
    echo "$code" > "$base.exit"' detached "$base" "$STATE/deploys" "$1" --attached "${@:2}"
  for ((try = 0; try < 100; try++)); do
    [[ ! -s $base.pid ]] || break
    sleep 0.1
  done
  [[ -s $base.pid ]] || die 1 'it could not be started; nothing has changed'
  trap 'say "it goes on without you: droplet releases shows how it ends"; exit 1' INT HUP
  tail -n +1 --sleep-interval=0.2 --follow --pid="$(< "$base.pid")" "$base.log" >&2 &
  watcher=$!
  wait "$watcher" || true
  code=$(cat "$base.exit" 2> /dev/null || true)
  [[ -n $code ]] || die 1 'it was killed on the way; run it again, it tidies up first'
  rm -f "$base".*
  return "$code"
}
