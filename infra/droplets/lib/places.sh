# shellcheck shell=bash
# shellcheck disable=SC2034  # these names are for the scripts that source this file
# The paths of a droplet, and its two settings files. BASECOMMERCE_ROOT moves all paths, for tests.

ROOT=${BASECOMMERCE_ROOT:-}
ETC=$ROOT/etc/basecommerce
STATE=$ROOT/var/lib/basecommerce
HOME_OF_SCRIPTS=$ROOT/opt/basecommerce
UPSTREAM=$ROOT/etc/nginx/basecommerce/upstream.conf
METRICS=$STATE/metrics
RELEASES=$STATE/releases.jsonl

# The containers' environment: secrets, owned by root, never sourced by a shell and never on a command line.
ENVIRONMENT=$ETC/basecommerce.env
# The settings of this droplet: image names, waits, limits. No secrets.
DROPLET=$ETC/droplet.conf

NETWORK=basecommerce

# setting NAME [DEFAULT]: from droplet.conf, one literal `NAME=value` per line.
setting() { value_in "$DROPLET" "$@"; }
# of_environment NAME [DEFAULT]: the same from the containers' environment. Only for values that are not secret.
of_environment() { value_in "$ENVIRONMENT" "$@"; }

value_in() {
  local file=$1 name=$2 line=''
  [[ ! -r $file ]] || line=$(grep -m1 "^$name=" "$file" || true)
  line=${line#*=}
  printf '%s' "${line:-${3:-}}"
}

# Writes standard input to FILE in one step: a reader sees the old or the new content, never a part.
replace() { # replace FILE MODE
  local part
  part=$(mktemp "${1%/*}/.${1##*/}.XXXXXX") || return 1
  if cat > "$part" && chmod "$2" "$part" && sync -d "$part" && mv -f "$part" "$1"; then return 0; fi
  rm -f "$part"
  return 1
}

is_root() { [[ $(id -u) == 0 ]]; }
needs_root() { is_root || [[ -n $ROOT ]] || die 64 "it changes the machine: run it with sudo"; }
