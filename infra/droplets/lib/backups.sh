# shellcheck shell=bash
# Functions for backup, backup-verify, restore and data/start: names, the tool, scratch servers, metrics. Sourced after say.sh.
#
# BASECOMMERCE_ROOT moves every path (places.sh) and BASECOMMERCE_PREFIX renames every container, volume and network, so that
# two systems, or a test, can live on one machine.

# shellcheck source=places.sh
source "$(dirname "${BASH_SOURCE[0]}")/places.sh"
PREFIX=${BASECOMMERCE_PREFIX:-basecommerce}
SETTINGS=$ETC
BACKUPS=${BASECOMMERCE_BACKUPS:-$STATE/backups}
# A restore records the volume in use here; the previous volume keeps its name and its data.
DATA_ENV=$STATE/data.env
DATABASE=$PREFIX-postgres
# The postgres user of the image.
DATABASE_UID=999
data_compose=$(cd "$(dirname "${BASH_SOURCE[0]}")/../data" && pwd)/compose.yml

POSTGRES_IMAGE=${POSTGRES_IMAGE:-$(value_in "$DATA_ENV" POSTGRES_IMAGE basecommerce-postgres)}
POSTGRES_VOLUME=$(value_in "$DATA_ENV" POSTGRES_VOLUME "$PREFIX-postgres")
export PREFIX SETTINGS BACKUPS POSTGRES_IMAGE POSTGRES_VOLUME

preflight() {
  [[ "${DRY_RUN:-0}" != 1 ]] || return 0
  need docker flock
  docker version --format '{{.Server.Version}}' > /dev/null 2>&1 || die 69 'no container engine answers'
  [[ -r "$SETTINGS/postgres.env" ]] ||
    die 69 "$SETTINGS/postgres.env is missing: this droplet runs no PostgreSQL of its own (a managed one is backed up by its provider)"
  docker image inspect "$POSTGRES_IMAGE" > /dev/null 2>&1 || die 69 "the image $POSTGRES_IMAGE is not on this droplet"
}

# Only one of backup, verify and restore runs at a time, because each reads or writes what another changes.
take_turn() {
  [[ "${DRY_RUN:-0}" != 1 ]] || return 0
  mkdir -p "$STATE"
  exec 9> "$STATE/backup.lock"
  flock --nonblock 9 || die 75 'another backup, verification or restore is at work'
}

make_places() {
  run mkdir -p "$METRICS" "$BACKUPS"
  run chown "$DATABASE_UID:$DATABASE_UID" "$BACKUPS"
  run chmod 0700 "$BACKUPS"
  if [[ "${DRY_RUN:-0}" == 1 ]] || ! docker network inspect "$PREFIX" > /dev/null 2>&1; then
    run docker network create "$PREFIX" > /dev/null
  fi
  # `docker volume create` of an existing volume does nothing.
  run docker volume create "$POSTGRES_VOLUME" > /dev/null
  run docker volume create "$PREFIX-redis" > /dev/null
}

data_up() {
  run docker compose --file "$data_compose" up --detach --no-deps --wait --wait-timeout 180 "$@" >&2
}

# Checks directly that the server accepts writes: a container that restarts again and again also counts as running, and
# one under load may answer its health check late.
database_runs() { docker exec "$DATABASE" healthy > /dev/null 2>&1; }

# Runs a program of the image, beside the running server or without one, because a restore needs it when the server is
# lost.
tool() {
  docker run --rm --interactive --env-file "$SETTINGS/postgres.env" --env POSTGRES_ARCHIVE=off --tmpfs /tmp \
    --volume "$BACKUPS:/var/lib/pgbackrest:ro" "$POSTGRES_IMAGE" "$@"
}
inside() { docker exec --interactive "$DATABASE" "$@"; }
# The password of the image's superuser is not needed inside its own container.
# shellcheck disable=SC2016  # the container's variables, not ours
ask() {
  local container=$1 query=$2
  docker exec --interactive "$container" bash -c \
    'psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"' <<< "$query"
}

# Uses jq of the image, because a new droplet may have none.
json() { if database_runs; then inside jq --raw-output "$@"; else tool jq --raw-output "$@"; fi; }

# The repository's own list, as JSON; `backups` runs a jq expression over the backups that can be restored, oldest first.
repository() {
  if database_runs; then inside pgbackrest info --output=json; else tool pgbackrest info --output=json; fi
}
backups() {
  local list
  list=$(repository) || return 1
  # The tool always ends with 0, and an error (another key, damage) looks like an empty list; its status 1 to 3 means no
  # backups.
  json "if any(.[]; .status.code | IN(0, 1, 2, 3) | not) then error(\"unreadable\") else . end
    | [.[].backup[] | select(.error | not)] | sort_by(.timestamp.stop) | $1" <<< "$list"
}

# Starts a separate server from a backup: no port, only the network to the repository, and no archiving.
#   scratch_start NAME [options of `pgbackrest restore`]     container and volume are called $PREFIX-scratch-NAME
scratch_start() {
  local name=$PREFIX-scratch-$1
  shift
  scratch_remove "${name#"$PREFIX-scratch-"}"
  docker volume create --label basecommerce.scratch=true "$name" > /dev/null
  docker run --rm --env-file "$SETTINGS/postgres.env" --env POSTGRES_ARCHIVE=off --tmpfs /tmp \
    --volume "$name:/var/lib/postgresql/data" --volume "$BACKUPS:/var/lib/pgbackrest:ro" \
    "$POSTGRES_IMAGE" restore --archive-mode=off "$@" >&2 || return 1
  docker run --detach --name "$name" --label basecommerce.scratch=true --env-file "$SETTINGS/postgres.env" \
    --env POSTGRES_ARCHIVE=off --env POSTGRES_MEMORY_MB=1024 --tmpfs /tmp --shm-size 256m \
    --volume "$name:/var/lib/postgresql/data" --volume "$BACKUPS:/var/lib/pgbackrest:ro" "$POSTGRES_IMAGE" > /dev/null
  replayed "$name"
}
scratch_remove() {
  docker rm --force --volumes "$PREFIX-scratch-$1" > /dev/null 2>&1 || true
  docker volume rm "$PREFIX-scratch-$1" > /dev/null 2>&1 || true
}

# Waits, without a time limit, until a server has replayed its archive and accepts writes or has ended: 10 GB of log
# take minutes.
replayed() {
  local state
  while :; do
    state=$(docker inspect --format '{{.State.Running}} {{.State.Health.Status}}' "$1" 2> /dev/null) || return 1
    case $state in
      'true healthy') return 0 ;;
      true*) sleep 0.5 ;;
      *)
        docker logs "$1" 2>&1 | grep -E 'FATAL|ERROR|PANIC|HINT|postgres:' | tail -5 >&2
        return 1
        ;;
    esac
  done
}

# The state of the archive: the age of the oldest waiting segment is the loss if the disk is lost now.
archive_metrics() {
  ask "$DATABASE" "
    select format(E'# HELP basecommerce_backup_%s %s\n# TYPE basecommerce_backup_%s gauge\nbasecommerce_backup_%s %s', name, help, name, name, value)
      from pg_stat_archiver a,
           lateral (select count(*) as waiting, coalesce(extract(epoch from now() - min(modification)), 0) as oldest
                      from pg_ls_archive_statusdir() where name like '%.ready') w,
           lateral (values
             ('archived_timestamp_seconds', 'When the archive last took a segment of the log.', coalesce(extract(epoch from a.last_archived_time), 0)),
             ('archive_failing', 'Whether the latest try to archive failed.',
               (coalesce(a.last_failed_time, '-infinity') > coalesce(a.last_archived_time, '-infinity'))::int),
             ('archive_waiting_segments', 'Segments of the log that wait for the archive.', w.waiting),
             ('archive_waiting_seconds', 'Age of the oldest segment that waits for the archive.', round(w.oldest, 1))
           ) as m (name, help, value)"
}

backup_metrics() {
  local list
  list=$(backups 'if length == 0 then empty else
    [ ["last_success_timestamp_seconds", "When the newest backup was finished.", last.timestamp.stop],
      ["full_timestamp_seconds", "When the newest full backup was finished.", (map(select(.type == "full")) | last.timestamp.stop // 0)],
      ["oldest_timestamp_seconds", "How far back a restore can reach.", first.timestamp.stop],
      ["duration_seconds", "How long the newest backup took.", (last.timestamp.stop - last.timestamp.start)],
      ["size_bytes", "Size of the database in the newest backup.", last.info.size],
      ["repository_bytes", "What all backups take up, without the archive.", (map(.info.repository.delta) | add)],
      ["count", "Backups that can be restored.", length]
    ][] | "# HELP basecommerce_backup_\(.[0]) \(.[1])\n# TYPE basecommerce_backup_\(.[0]) gauge\nbasecommerce_backup_\(.[0]) \(.[2])" end') || return 1
  # Without a server the archive has no state; without a readable repository the old file stays, and alerts see its age.
  mkdir -p "$METRICS"
  {
    printf '%s\n' "$list"
    ! database_runs || archive_metrics
  } | replace "$METRICS/backup.prom" 0644
}
