# shellcheck shell=bash
# shellcheck disable=SC2034  # REASON and REFUSED_BY are read by the caller
# The conditions that a deploy checks before it changes anything. A gate that refuses prints one sentence with the figure.

preflight() {
  local gate
  for gate in gate_disk gate_memory gate_clock gate_gateway gate_release; do
    "$gate" || { REFUSED_BY=${gate#gate_}; return 1; }
  done
}

gate_disk() {
  local place free inodes least
  least=$(setting LEAST_FREE_DISK_MB 2048)
  for place in "$(docker info -f '{{.DockerRootDir}}')" "$STATE" "$ROOT/etc"; do
    # The state and the settings are small; images and their layers need the space.
    [[ $place != "$STATE" && $place != "$ROOT/etc" ]] || least=$(setting LEAST_FREE_STATE_MB 64)
    free=$(($(df --output=avail -k "$place" | tail -1) / 1024))
    inodes=$(df --output=iavail "$place" | tail -1)
    ((free >= least)) || { REASON="$place has $free MB free and needs $least: docker image prune, or a larger disk"; return 1; }
    # A file system without a count of inodes reports 0 or -.
    [[ ! $inodes =~ ^[1-9][0-9]*$ ]] || ((inodes >= 10000)) ||
      { REASON="$place has $inodes inodes left and needs 10000"; return 1; }
  done
}

gate_memory() {
  local free least
  least=$(setting LEAST_FREE_MEMORY_MB 512)
  free=$(($(awk '/^MemAvailable/ {print $2}' /proc/meminfo) / 1024))
  ((free >= least)) || { REASON="$free MB of memory are free and the new release beside the old needs $least"; return 1; }
}

# Tokens, periods and certificates depend on the time. The database's clock is compared with ours by preflight.mjs.
gate_clock() {
  local leap
  command -v chronyc > /dev/null && leap=$(chronyc -c tracking 2> /dev/null | cut -d, -f14) || return 0
  [[ -z $leap || $leap == Normal ]] && return 0
  [[ $(setting CLOCK_GATE strict) == lenient ]] ||
    { REASON="the clock is not synchronised ($leap): systemctl status chrony; CLOCK_GATE=lenient in droplet.conf lets it pass"; return 1; }
}

gate_gateway() {
  local complaint
  gateway_runs || { REASON='Nginx does not run: systemctl start nginx'; return 1; }
  complaint=$(nginx -t 2>&1) || { REASON="Nginx refuses its configuration as it is: $(grep -m1 emerg <<< "$complaint")"; return 1; }
  [[ -r $UPSTREAM ]] || { REASON="$UPSTREAM is missing: droplet install"; return 1; }
}

# The new release checks its settings, PostgreSQL, Redis, the clocks and its pending migrations with its own code.
gate_release() {
  local answer
  answer=$(once "$CONSTRUCTION" node --input-type=module - "${ALLOW_BREAKING:-0}" < "${BASH_SOURCE[0]%/*}/preflight.mjs" 2>&1) ||
    { REASON=$(tr '\n' ' ' <<< "$answer" | cut -c1-600); return 1; }
  say "$answer"
}

# Runs one command in a container with the same settings and rights and no name, which is removed afterwards.
once() { # once IMAGE command…
  local image=$1
  shift
  docker run --rm --interactive --network "$NETWORK" --env-file "$ENVIRONMENT" --read-only --tmpfs /tmp:size=64m \
    --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 --memory "$(setting ONCE_MEMORY 512m)" \
    --label basecommerce.part=once "$image" "$@"
}
