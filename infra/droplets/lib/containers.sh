# shellcheck shell=bash
# Starts, checks and stops the containers of a release. They run without unnecessary rights: no capability, no new privilege, no writable root, and only the vertical's port, on loopback (a published port bypasses ufw).

exists() { docker container inspect "$1" > /dev/null 2>&1; }
is_running() { [[ $(docker container inspect -f '{{.State.Running}}' "$1" 2> /dev/null) == true ]]; }
label() { docker container inspect -f "{{index .Config.Labels \"basecommerce.$2\"}}" "$1" 2> /dev/null; }
# A container whose environment file has changed since must not be started again.
environment_hash() { sha256sum "$ENVIRONMENT" | cut -c1-12; }

# start_part NAME PART IMAGE [docker options]… -- [command]…   Needs RELEASE, VERSION, CONSTRUCTION and ENGINES.
start_part() {
  local name=$1 part=$2 image=$3 options=()
  shift 3
  while [[ $# -gt 0 && $1 != -- ]]; do options+=("$1"); shift; done
  [[ $# -eq 0 ]] || shift
  docker rm -f "$name" > /dev/null 2>&1 || true
  # No restart policy until it is ready, so that a crash at boot is detected.
  docker run --detach --name "$name" --hostname "$name" --restart no \
    --network "$NETWORK" --network-alias "$part" --env-file "$ENVIRONMENT" \
    --read-only --tmpfs /tmp:size=64m --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 \
    --memory "$(setting "${part^^}_MEMORY" 768m)" --stop-timeout "$(setting STOP_SECONDS 40)" \
    --log-driver json-file --log-opt max-size=20m --log-opt max-file=5 \
    --label "basecommerce.part=$part" --label "basecommerce.release=$RELEASE" --label "basecommerce.version=$VERSION" \
    --label "basecommerce.construction=$CONSTRUCTION" --label "basecommerce.engines=$ENGINES" \
    --label "basecommerce.environment=$(environment_hash)" \
    "${options[@]}" "$image" "$@" > /dev/null
}

# Metrics for Prometheus are on loopback or the droplet's private address. Two releases run at once during a deploy, so
# green's ports are ten above blue's.
metrics_port() { # metrics_port PORT COLOUR
  local port=$1
  [[ $2 == blue ]] || port=$((port + 10))
  printf '%s:%s:%s' "$(setting METRICS_ADDRESS 127.0.0.1)" "$port" "$1"
}

start_vertical() { # start_vertical COLOUR
  start_part "basecommerce-vertical-$1" vertical "$CONSTRUCTION" \
    --publish "127.0.0.1:$(port_of "$1"):8000" --publish "$(metrics_port 9100 "$1")" --
}

# Starts a stopped vertical again, or makes it again from its image if the environment has changed since.
wake_vertical() { # wake_vertical COLOUR
  local name=basecommerce-vertical-$1
  if exists "$name" && [[ $(label "$name" release) == "$RELEASE" && $(label "$name" environment) == "$(environment_hash)" ]]; then
    docker start "$name" > /dev/null
  else
    start_vertical "$1"
  fi
}

# Worker and relay also have two slots, for the ports of their metrics, and change independently: after an interrupted
# deploy their colour may differ from the vertical's.
free_place() { if [[ $(label "$1" place) == blue ]]; then echo green; else echo blue; fi; }

start_worker() {
  local place
  place=$(free_place basecommerce-worker)
  start_part "$1" worker "$ENGINES" --publish "$(metrics_port 9101 "$place")" --label "basecommerce.place=$place" --
}

start_relay() {
  local place
  place=$(free_place basecommerce-relay)
  start_part "$1" relay "$ENGINES" --publish "$(metrics_port 9102 "$place")" --label "basecommerce.place=$place" -- outbox-relay
}

# The health address of a part: the vertical's public port, the private port of the others.
health_of() { # health_of NAME PART
  local address
  case $2 in
    vertical) echo "http://127.0.0.1:$(port_of "${1##*-}")/health/ready" ;;
    *)
      address=$(docker container inspect -f "{{(index .NetworkSettings.Networks \"$NETWORK\").IPAddress}}" "$1") || return 1
      if [[ $2 == worker ]]; then echo "http://$address:9101/health/ready"; else echo "http://$address:9102/health/ready"; fi
      ;;
  esac
}

# Ready, or ready except for the recovery fence: a person confirms that one, and it must not prevent a deploy with a
# repair.
is_ready() { # is_ready NAME PART
  local body
  body=$(curl --silent --max-time 3 --write-out '\n%{http_code}' "$(health_of "$1" "$2")" 2> /dev/null) || return 1
  [[ ${body##*$'\n'} == 200 ]] && return 0
  [[ $2 != vertical ]] && jq -e '.checks // {} | length > 0 and (to_entries | all(.value == "ok" or .key == "recovery"))' \
    <<< "${body%$'\n'*}" > /dev/null 2>&1
}

# Waits until NAME is ready. Prints the reason and fails when it has ended, or is not ready in time.
wait_ready() { # wait_ready NAME PART SECONDS
  local deadline=$((SECONDS + $3)) answer is_second=0
  until is_ready "$1" "$2"; do
    if ! is_running "$1"; then
      # Three processes start at once, beside three that serve: a busy machine can be too slow for a first connection to the database.
      if ((!is_second)) && [[ $(last_words "$1") == *'cannot be reached: '*time* ]]; then
        is_second=1
        docker start "$1" > /dev/null 2>&1 || true
        continue
      fi
      echo "$2 ended at boot with exit code $(docker container inspect -f '{{.State.ExitCode}}' "$1" 2> /dev/null): $(last_words "$1")"
      return 1
    fi
    if ((SECONDS >= deadline)); then
      answer=$(curl --silent --max-time 3 "$(health_of "$1" "$2")" 2> /dev/null || true)
      echo "$2 was not ready within $3 s: ${answer:-no answer}; $(last_words "$1")"
      return 1
    fi
    sleep 0.2 9>&-
  done
}

last_words() { docker logs --tail 3 "$1" 2>&1 | tr '\n' ' ' | cut -c1-400; }

keep_up() { docker update --restart unless-stopped "$1" > /dev/null; }
remove() { docker rm -f "$1" > /dev/null 2>&1 || true; }
stop() { docker stop "$1" > /dev/null 2>&1 || true; }
