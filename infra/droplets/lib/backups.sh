# shellcheck shell=bash
# What backup, backup-verify, restore and data/start share: names, the tool, scratch servers, metrics. Sourced after say.sh.
#
# BASECOMMERCE_ROOT moves every path (places.sh) and BASECOMMERCE_PREFIX renames every container, volume and network, so that
# two systems, or a test, can live on one machine.

# shellcheck source=places.sh
source "$(dirname "${BASH_SOURCE[0]}")/places.sh"
PREFIX=${BASECOMMERCE_PREFIX:-basecommerce}
SETTINGS=$ETC
BACKUPS=${BASECOMMERCE_BACKUPS:-$STATE/backups}
# A restore writes the volume in use here; the one before it keeps its name and its data.
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

# One of backup, verify and restore at a time: each of them reads or writes what another would move.
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
  # `docker volume create` of one that is there does nothing.
  run docker volume create "$POSTGRES_VOLUME" > /dev/null
  run docker volume create "$PREFIX-redis" > /dev/null
}

data_up() {
  run docker compose --file "$data_compose" up --detach --no-deps --wait --wait-timeout 180 "$@" >&2
}

# Takes writes, asked directly: a container that is restarted over and over runs as well, and one under load may answer its health
# check late.
database_runs() { docker exec "$DATABASE" healthy > /dev/null 2>&1; }

# A program of the image. Beside the running server, or on its own when there is none: a lost server is when it is needed most.
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

# jq comes with the image: a droplet that is being rebuilt may have none.
json() { if database_runs; then inside jq --raw-output "$@"; else tool jq --raw-output "$@"; fi; }

# The repository's own list, as JSON; `backups` runs a jq expression over the backups that can be restored, oldest first.
repository() {
  if database_runs; then inside pgbackrest info --output=json; else tool pgbackrest info --output=json; fi
}
backups() {
  local list
  list=$(repository) || return 1
  # The tool ends with 0 whatever it met, and an error (another key, damage) looks like a list of none; 1 to 3 say that there is none.
  json "if any(.[]; .status.code | IN(0, 1, 2, 3) | not) then error(\"unreadable\") else . end
    | [.[].backup[] | select(.error | not)] | sort_by(.timestamp.stop) | $1" <<< "$list"
}

# A server of its own from a backup: no port, no network but the one to the repository, and it archives nothing.
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

# Waits until a server has replayed its archive and takes writes. Its end is an answer, a clock is not: 10 GB of log take minutes.
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

# How the archive stands at this moment: what would be lost with the disk is the age of the oldest segment that waits.
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
  # Without a server its archive has no state; without a readable repository the old file stays and grows old in sight.
  mkdir -p "$METRICS"
  {
    printf '%s\n' "$list"
    ! database_runs || archive_metrics
  } | replace "$METRICS/backup.prom" 0644
}
