# shellcheck shell=bash
# shellcheck disable=SC2016  # what stands in single quotes here is jq's
# What ran when, as one JSON object a line. A release begins, passes its steps, and then serves or has failed; `serving`
# lines are the history that rollback reads. Appended only, so a deploy that is cut off leaves a true record.

record() { # record EVENT [NAME VALUE]…
  local arguments=(--arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg event "$1") line
  shift
  while (($# > 1)); do
    arguments+=(--arg "$1" "$2")
    shift 2
  done
  line=$(jq -nc "${arguments[@]}" '$ARGS.named') || return 1
  # A line that was cut off must not take the next one with it.
  [[ ! -s $RELEASES || -z $(tail -c 1 "$RELEASES") ]] || line=$'\n'$line
  printf '%s\n' "$line" >> "$RELEASES" || return 1
  sync -d "$RELEASES"
}

# A line that a full disk or a power cut left half written is skipped, not fatal.
recorded() { # recorded JQ-FILTER [jq options]…: the filter sees the array of all lines
  local filter=$1
  shift
  [[ -e $RELEASES ]] || { jq -nr "$@" "[] | $filter"; return; }
  jq -nRr "$@" "[inputs | fromjson?] | $filter" "$RELEASES"
}

# The last release that served, as one JSON object, or nothing.
last_serving() { recorded 'map(select(.event == "serving")) | last // empty | tojson'; }

# Where a rollback goes: the release that was deployed before the one that serves, leaving out those that somebody has
# already rolled back from. Nothing if there is none.
rollback_target() {
  recorded '
    map(select(.event == "serving")) as $serving
    | ($serving | last // {} | .release) as $current
    | [$serving[] | select(.kind == "rollback") | .from] as $left
    | [$serving[] | select(.kind != "rollback")] as $deploys
    | ($deploys | map(.release) | rindex($current)) as $at
    | if $at == null then empty else
        [$deploys[:$at][] | select(.release as $r | $left | index($r) | not)] | last // empty | tojson
      end'
}

release_named() { recorded 'map(select(.event == "serving" and .release == $id)) | last // empty | tojson' --arg id "$1"; }

# The last thing said about any release: `serving` and `failed` are ends, all else means that it was cut off.
last_event() { recorded 'map(select(.release)) | last // {} | .event // ""'; }

field() { jq -r --arg name "$2" '.[$name] // ""' <<< "$1"; }
