# shellcheck shell=bash
# Switches Nginx between the two verticals. Only upstream.conf states which one serves: a deploy rewrites its port and reloads. Nginx keeps its old configuration until a reload has succeeded, so a failure here changes nothing.

BLUE_PORT=8000
GREEN_PORT=8001

port_of() { if [[ $1 == blue ]]; then echo $BLUE_PORT; else echo $GREEN_PORT; fi; }
other_colour() { if [[ $1 == blue ]]; then echo green; else echo blue; fi; }

# Prints blue or green, from the file; blue before the first deploy, so that the first release is green without a
# special case.
active_colour() {
  if grep -Eq "^[^#]*\b127\.0\.0\.1:$GREEN_PORT\b" "$UPSTREAM" 2> /dev/null; then echo green; else echo blue; fi
}

gateway_workers() { pgrep -P "$(cat /run/nginx.pid)" 2> /dev/null | sort; }
gateway_runs() { [[ -s /run/nginx.pid ]] && kill -0 "$(cat /run/nginx.pid)" 2> /dev/null; }

# A reload returns before it is done, and a failed one only writes a log line, so this waits for a new worker process.
gateway_reload() {
  local before try
  before=$(gateway_workers)
  nginx -s reload 2> /dev/null || return 1
  for ((try = 0; try < 50; try++)); do
    [[ -z $(comm -13 <(printf '%s\n' "$before") <(gateway_workers)) ]] || return 0
    sleep 0.1 9>&-
  done
  return 1
}

# Replaces the port by that of COLOUR. On failure it prints the reason on stderr and keeps the old file and the old
# Nginx.
gateway_switch() { # gateway_switch COLOUR
  local to old complaint
  to=$(port_of "$1")
  old=$(< "$UPSTREAM") || return 1
  # Checks the new file separately first, so that a broken file never has the name that Nginx reads.
  if ! sed -E "s/\b127\.0\.0\.1:($BLUE_PORT|$GREEN_PORT)\b/127.0.0.1:$to/" <<< "$old" | replace "$UPSTREAM.next" 0644; then
    say "$UPSTREAM.next cannot be written"
    return 1
  fi
  if ! grep -q "127\.0\.0\.1:$to" "$UPSTREAM.next"; then
    say "$UPSTREAM names neither 127.0.0.1:$BLUE_PORT nor 127.0.0.1:$GREEN_PORT"
    rm -f "$UPSTREAM.next"
    return 1
  fi
  mv -f "$UPSTREAM.next" "$UPSTREAM" || return 1
  if complaint=$(nginx -t 2>&1) && gateway_reload; then return 0; fi
  say "Nginx did not take the new configuration: $(grep -m1 emerg <<< "$complaint" || echo 'no new worker started')"
  replace "$UPSTREAM" 0644 <<< "$old" || say "$UPSTREAM could not be put back; it still names port $to"
  return 1
}
