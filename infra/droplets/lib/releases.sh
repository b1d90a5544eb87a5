# shellcheck shell=bash
# shellcheck disable=SC2016  # text in single quotes here is for jq
# The record of releases, one JSON object per line. A release begins, passes its steps, and then serves or fails; rollback reads the `serving` lines. Lines are only appended, so the record is also right after an interrupted deploy.

record() { # record EVENT [NAME VALUE]…
  local arguments=(--arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg event "$1") line
  shift
  while (($# > 1)); do
    arguments+=(--arg "$1" "$2")
    shift 2
  done
  line=$(jq -nc "${arguments[@]}" '$ARGS.named') || return 1
  # An incomplete last line must not damage the next one.
  [[ ! -s $RELEASES || -z $(tail -c 1 "$RELEASES") ]] || line=$'\n'$line
  printf '%s\n' "$line" >> "$RELEASES" || return 1
  sync -d "$RELEASES"
}

# Skips a line that a full disk or a power cut left incomplete.
recorded() { # recorded JQ-FILTER [jq options]…: the filter sees the array of all lines
  local filter=$1
  shift
  [[ -e $RELEASES ]] || { jq -nr "$@" "[] | $filter"; return; }
  jq -nRr "$@" "[inputs | fromjson?] | $filter" "$RELEASES"
}

# The last release that served, as one JSON object, or nothing.
last_serving() { recorded 'map(select(.event == "serving")) | last // empty | tojson'; }

# The target of a rollback: the release that was deployed before the serving one, without those that were already rolled
# back. Nothing if there is none.
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

# The last event of any release: `serving` and `failed` are final, every other means that it was interrupted.
last_event() { recorded 'map(select(.release)) | last // {} | .event // ""'; }

field() { jq -r --arg name "$2" '.[$name] // ""' <<< "$1"; }
