# shellcheck shell=bash
# The steps of host/restore, in their order. Sourced after backups.sh.
# shellcheck disable=SC2154  # kind, wanted, set, volume come from host/restore

# Finds the backup to begin with and the tool's options. Refuses an impossible target before anything is stopped.
choose_backup() {
  local first
  local count
  count=$(backups length 2> /dev/null) || die 69 "the repository cannot be read: network, bucket or BACKUP_KEY"
  ((count > 0)) || die 69 'the repository holds no backup'
  options=(--target-action=promote)
  case $kind in
    latest) options=(--type=default) ;;
    name)
      [[ -n $set ]] || set=$(backups "map(select(.annotation.point == \"$wanted\")) | last.label // \"\"")
      [[ -n $set ]] || die 64 "no backup knows the name $wanted: add --set LABEL of a backup made before it (backup --list)"
      options+=(--type=name --target="$wanted")
      ;;
    time)
      first=$(backups 'first.timestamp.stop')
      (($(date -d "$wanted" +%s) > first)) || die 64 "$wanted is before the oldest backup, $(date -u -d "@$first" +'%F %T')+00"
      options+=(--type=time --target="$wanted")
      ;;
    lsn) options+=(--type=lsn --target="$wanted") ;;
  esac
  [[ -z $set ]] || options+=(--set="$set")
}

# A replay to a time stops at the first commit after it. So such a commit must exist, and be in the archive.
close_archive() {
  database_runs || return 0
  ask "$DATABASE" 'select pg_current_xact_id()' > /dev/null 2>&1 || return 0
  inside pgbackrest check >&2 || say 'The archive does not take the log at the moment: what it lacks cannot be restored.'
}

enough_disk() {
  local needed free
  needed=$(backups '(last.info.size * 1.2 + 1073741824) / 1048576 | ceil')
  free=$(($(df --output=avail -k "$(docker info --format '{{.DockerRootDir}}')" | tail -1) / 1024))
  ((free > needed)) || die 69 "a second copy of the database needs $needed MB, $free MB are free: restore --discard-old, or a larger disk"
}

restore_database() {
  local stopped=() began=$SECONDS old_until
  trap 'undo "${stopped[@]}"' EXIT
  mapfile -t stopped < <(docker ps --format '{{.Names}}' | grep -E "^$PREFIX-(vertical-(blue|green)|relay|worker)$" || true)
  ((${#stopped[@]} == 0)) || docker stop "${stopped[@]}" > /dev/null
  old_until=$(docker inspect --format '{{.State.FinishedAt}}' "$DATABASE" 2> /dev/null | cut -c1-19 | tr T ' ' || true)
  if database_runs; then
    old_until=$(date -u +'%F %T')
    say 'Stopping the old database; it archives its last changes.'
    close_archive
  fi
  docker stop --time 120 "$DATABASE" > /dev/null 2>&1 || true
  docker rm --force "$DATABASE" > /dev/null 2>&1 || true

  say "Restoring into $volume."
  docker volume create --label basecommerce.restored=true "$volume" > /dev/null
  docker run --rm --env-file "$SETTINGS/postgres.env" --env POSTGRES_ARCHIVE=off --tmpfs /tmp \
    --volume "$volume:/var/lib/postgresql/data" --volume "$BACKUPS:/var/lib/pgbackrest:ro" \
    "$POSTGRES_IMAGE" restore "${options[@]}" >&2 || die 1 'the backup cannot be restored'
  say "Restored in $((SECONDS - began)) s. Replaying the archive."
  # Under another name and without restarts, so that the application cannot reach it, and a failed replay is detected.
  # It archives, because the archive needs the new branch of the log from its first byte.
  docker rm --force "$PREFIX-restoring" > /dev/null 2>&1 || true
  docker run --detach --name "$PREFIX-restoring" --env-file "$SETTINGS/postgres.env" --tmpfs /tmp --shm-size 256m --stop-timeout 120 \
    --volume "$volume:/var/lib/postgresql/data" --volume "$BACKUPS:/var/lib/pgbackrest" "$POSTGRES_IMAGE" > /dev/null
  replayed "$PREFIX-restoring" || die 1 "the archive does not lead $([[ $kind == latest ]] && echo 'to a complete database' || echo "to $kind $wanted: it may end before that, then restore latest")"
  # From here on the new volume is the database, because a branch of the log has begun: a failure below keeps it in use.
  local old=$POSTGRES_VOLUME
  { grep -sv '^POSTGRES_VOLUME=' "$DATA_ENV" || true; echo "POSTGRES_VOLUME=$volume"; } | replace "$DATA_ENV" 0644
  trap - EXIT
  export POSTGRES_VOLUME=$volume
  until_when=$(ask "$PREFIX-restoring" "select to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')" || true)
  say "Replayed after $((SECONDS - began)) s. ANALYZE."
  # shellcheck disable=SC2016  # the container's variables, not ours
  docker exec "$PREFIX-restoring" bash -c 'vacuumdb --username="${POSTGRES_USER:-postgres}" --all --analyze-only --jobs=2 --quiet' ||
    say 'ANALYZE failed: run it by hand, plans are poor until then.'
  docker stop --time 120 "$PREFIX-restoring" > /dev/null || true
  docker rm --force "$PREFIX-restoring" > /dev/null || true

  make_places
  data_up postgres || die 1 "the restored database does not start from $volume: docker logs $DATABASE. The application stays stopped"
  say "The database serves again after $((SECONDS - began)) s."
  if [[ -n $until_when ]]; then
    say "Loss window: the last change in it is of $until_when UTC; what was committed after that${old_until:+, until $old_until UTC,} is missing."
  else
    say 'Loss window: nothing was replayed after the backup itself.'
  fi
  say "Kept: the old volume, if there was one, is $old. Remove it with restore --discard-old when it is no longer needed."
  flock --unlock 9
  start_fenced "${stopped[@]}"
  "$here/backup" --now > /dev/null || say 'The backup afterwards failed: run backup now. Until then a restore begins with the backup before.'
}

# If anything fails before the new volume is in use, the old database serves again.
undo() {
  local code=$?
  say 'Putting back what served before.'
  docker rm --force "$PREFIX-restoring" > /dev/null 2>&1 || true
  docker volume rm "$volume" > /dev/null 2>&1 || true
  if docker volume inspect "$POSTGRES_VOLUME" > /dev/null 2>&1; then
    data_up postgres || say "The old database does not start either: docker logs $DATABASE"
    (($# == 0)) || docker start "$@" > /dev/null || say "Not started again: $*"
  fi
  exit "$code"
}

# The restored application would send again what it has already sent. So the fence is up before the first process
# starts. The database also fences itself, because a restored one has another lineage; its own state decides.
start_fenced() {
  local image name because
  image=${BASECOMMERCE_IMAGE:-basecommerce-construction}
  for name in "$@"; do
    [[ $name != *-vertical-* ]] || image=$(docker inspect --format '{{.Config.Image}}' "$name")
  done
  if docker image inspect "$image" > /dev/null 2>&1 && [[ -r $ENVIRONMENT ]]; then
    docker run --rm --network "$PREFIX" --env-file "$ENVIRONMENT" --read-only --tmpfs /tmp "$image" \
      basecommerce recovery fence --reason "restored, $(words)" >&2 || say 'The operator command could not set the fence.'
  fi
  because=$(ask "$DATABASE" 'select app.recovery_fence()' 2> /dev/null || true)
  [[ -n $because ]] ||
    die 1 "the database is restored and serves, but it is NOT FENCED and nothing was started. Before any process: basecommerce recovery fence --reason restored"
  say "Fenced: $because"
  (($# == 0)) || docker start "$@" > /dev/null
  say 'Nothing goes out until an operator has read "basecommerce recovery status" and given "basecommerce recovery confirm".'
}

discard_old() {
  local left=() name age
  plan "remove volumes that restores have left behind; $POSTGRES_VOLUME is in use and stays" 'ask for each by name'
  preflight
  [[ "${DRY_RUN:-0}" != 1 ]] || return 0
  take_turn
  mapfile -t left < <(docker volume ls --format '{{.Name}}' | grep -E "^$PREFIX-postgres(-[0-9]{8}t[0-9]{6}z)?$" | grep -vx "$POSTGRES_VOLUME" || true)
  ((${#left[@]})) || { say 'There is none.'; return 0; }
  age=$(backups 'if length == 0 then 999999999 else now - last.timestamp.stop | floor end') || die 69 'the repository cannot be read; nothing is removed'
  ((age < 86400)) || die 1 'the newest backup is older than a day: run backup first; nothing is removed'
  for name in "${left[@]}"; do
    confirm "$name" "This removes the data in $name for good."
    docker volume rm "$name" > /dev/null || die 1 "$name could not be removed: is a container using it?"
    say "Removed $name."
  done
}
