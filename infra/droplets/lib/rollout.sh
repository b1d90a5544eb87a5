# shellcheck shell=bash
# shellcheck disable=SC2153  # RELEASE, KIND and the like are set by deploy and rollback
# The steps from one release to another, shared by deploy and rollback:
#
#   old serves ─▶ new vertical, worker and relay start beside it ─▶ all ready ─▶ Nginx switches ─▶ old drains ─▶ old stops
#        ▲                     │ not ready                            │ refused
#        └─────────────────────┴──── what is new is removed ◀─────────┘
#
# Two workers or relays at once are harmless: leases decide who acts. So the new ones start first, and the worker that
# knows the new events runs before the vertical that writes them.

DEPLOY_LOCK=$ROOT/run/lock/basecommerce-deploy

# One at a time. The kernel releases the lock when the last of these processes ends, in any way.
lock_deploys() {
  exec 9> "$DEPLOY_LOCK" || die 1 "$DEPLOY_LOCK cannot be opened"
  flock --nonblock 9 || die 75 "another deploy or rollback is at work; droplet releases shows how far it is"
}

# Repairs everything that an interrupted run can leave, before anything new begins.
heal() {
  local active idle name
  active=$(active_colour)
  idle=$(other_colour "$active")
  if ! is_running "basecommerce-vertical-$active" && is_running "basecommerce-vertical-$idle"; then
    say "Nginx names $active, which does not run; $idle does: going back to it"
    gateway_switch "$idle" || die 1 "Nginx could not be put back to $idle"
    active=$idle
  fi
  idle=$(other_colour "$active")
  case $(last_event) in '' | serving | failed | retired) ;; *)
    say "an earlier deploy was cut off; tidying up after it"
    # The file may be newer than the configuration of the running Nginx, or older.
    gateway_reload || die 1 "Nginx does not reload"
    settle "$active"
    ;;
  esac
  if is_running "basecommerce-vertical-$idle"; then stop "basecommerce-vertical-$idle"; fi
  for name in worker relay; do
    exists "basecommerce-$name-next" || continue
    # Keeps the new one if its vertical serves, or if it is the only one.
    if is_running "basecommerce-$name" &&
      [[ $(label "basecommerce-$name-next" release) != $(label "basecommerce-vertical-$active" release) ]]; then
      remove "basecommerce-$name-next"
    else
      promote "$name"
    fi
  done
}

# Records how the interrupted run ended, because a rollback must know which release serves.
settle() { # settle COLOUR
  local name=basecommerce-vertical-$1 release before
  exists "$name" || return 0
  release=$(label "$name" release)
  before=$(field "$(last_serving)" release)
  if [[ $before == "$release" && $(last_release) == "$release" ]]; then
    record retired release "$release" says 'tidied up by the next run'
  elif [[ $before == "$release" ]]; then
    record failed release "$(last_release)" reason 'it was cut off; the release before it serves'
  else
    local kind=deploy
    [[ -z $(release_named "$release") ]] || kind=rollback
    record serving release "$release" kind "$kind" from "$before" colour "$1" version "$(label "$name" version)" \
      construction "$(label "$name" construction)" engines "$(label "$name" engines)"
    keep_up "$name"
  fi
}

last_release() { recorded 'map(select(.release)) | last // {} | .release // ""'; }

# step TEXT: prints it, and records that the release reached this step.
step() {
  say "$(date -u +%H:%M:%S) $*"
  record step release "$RELEASE" says "$*" || give_up "$RELEASES cannot be written"
}

# Removes the new containers, keeps the old ones, records the reason, and ends.
give_up() {
  [[ -z ${NEW:-} ]] || discard_new
  record failed release "$RELEASE" reason "$*" 2> /dev/null || say "the record of releases cannot be written"
  die 1 "$* (what served before still serves)"
}

# Replaces the old worker or relay by the new one.
promote() { # promote worker|relay
  keep_up "basecommerce-$1-next"
  stop "basecommerce-$1"
  remove "basecommerce-$1"
  docker rename "basecommerce-$1-next" "basecommerce-$1"
}

discard_new() {
  remove basecommerce-worker-next
  remove basecommerce-relay-next
  # The vertical of a rollback existed before, and stays for the next try.
  if [[ $KIND == rollback ]]; then stop "basecommerce-vertical-$NEW"; else remove "basecommerce-vertical-$NEW"; fi
}

# Needs KIND, RELEASE, VERSION, CONSTRUCTION, ENGINES, FROM (the release that serves, or empty).
roll_out() {
  local old reason name patience
  old=$(active_colour)
  NEW=$(other_colour "$old")
  patience=$(setting READY_SECONDS 60)

  step "starting $VERSION beside what serves, on port $(port_of "$NEW")"
  start_worker basecommerce-worker-next || give_up 'the new worker could not be started'
  start_relay basecommerce-relay-next || give_up 'the new relay could not be started'
  wake_vertical "$NEW" || give_up 'the new vertical could not be started'
  reason=$(wait_ready "basecommerce-vertical-$NEW" vertical "$patience") || give_up "$reason"
  reason=$(wait_ready basecommerce-worker-next worker "$patience") || give_up "$reason"
  reason=$(wait_ready basecommerce-relay-next relay "$patience") || give_up "$reason"

  step 'everything new is ready; switching Nginx'
  reason=$(gateway_switch "$NEW" 2>&1) || give_up "$reason"
  SERVING_AFTER_MS=$(($(date +%s%3N) - STARTED_MS))
  keep_up "basecommerce-vertical-$NEW"
  record serving release "$RELEASE" kind "$KIND" from "$FROM" colour "$NEW" version "$VERSION" \
    construction "$CONSTRUCTION" engines "$ENGINES" after_ms "$SERVING_AFTER_MS" ||
    say "the record of releases cannot be written; $VERSION serves all the same"
  say "$(date -u +%H:%M:%S) $VERSION serves, $SERVING_AFTER_MS ms after the start"

  for name in worker relay; do
    promote "$name"
  done
  if is_running "basecommerce-vertical-$old"; then
    say "draining the old vertical for $(setting DRAIN_SECONDS 30) s"
    sleep "$(setting DRAIN_SECONDS 30)" 9>&-
    stop "basecommerce-vertical-$old"
  fi
  record retired release "$RELEASE" says "done" 2> /dev/null || true
}
