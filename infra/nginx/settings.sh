# shellcheck shell=bash
# The settings of the gateway, and the files that are made from them. Sourced by render, start, renew-hook and certificate, which define how to fail. Values are never evaluated: an env file is data.

GATEWAY_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GATEWAY_NAMES=()

# read_settings [FILE]: the environment, then FILE, then defaults.env.
read_settings() {
  local file line name value
  for file in "$@" "$GATEWAY_SOURCE/defaults.env"; do
    [[ -r $file ]] || die 64 "$file cannot be read"
    while IFS= read -r line || [[ -n $line ]]; do
      [[ $line =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]] || continue
      name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
      [[ $file != "$GATEWAY_SOURCE/defaults.env" ]] || GATEWAY_NAMES+=("$name")
      # Reads only the gateway's settings from the env file, which also contains the containers' secrets.
      [[ $name == GATEWAY_* || $name == BASE_DOMAIN || $name == VERTICAL ]] || continue
      [[ -n ${!name:-} ]] || printf -v "$name" '%s' "$value"
    done < "$file"
  done
  local everywhere=''
  [[ ! -s /proc/net/if_inet6 ]] || everywhere=' [::]:'
  GATEWAY_HTTP=${GATEWAY_HTTP:-80${everywhere:+${everywhere}80}}
  GATEWAY_HTTPS=${GATEWAY_HTTPS:-443${everywhere:+${everywhere}443}}
  check_settings
}

# An invalid value stops here with one line that names it, before a configuration is written.
check_settings() {
  local name value
  for name in "${GATEWAY_NAMES[@]}"; do
    value=${!name:-}
    case $name in
      BASE_DOMAIN)
        [[ -n $value ]] || die 64 'BASE_DOMAIN is required: the domain below which the stores live'
        [[ $value =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$ ]] ||
          die 64 "BASE_DOMAIN must be a host name in small letters, not $value"
        ;;
      GATEWAY_HSTS)
        [[ $value =~ ^max-age=[0-9]+(\;\ includeSubDomains)?(\;\ preload)?$ ]] ||
          die 64 'GATEWAY_HSTS must look like max-age=31536000; includeSubDomains'
        ;;
      *_RATE) [[ $value =~ ^[1-9][0-9]*r/[sm]$ ]] || die 64 "$name must be a rate such as 50r/s or 30r/m, not $value" ;;
      *_BURST | *_CONNECTIONS | *_STREAMS) [[ $value =~ ^[1-9][0-9]*$ ]] || die 64 "$name must be a whole number above 0, not $value" ;;
      *_TIMEOUT) [[ $value =~ ^[1-9][0-9]*(ms|s|m)$ ]] || die 64 "$name must be a time such as 500ms, 10s or 2m, not $value" ;;
      *_SIZE) [[ $value =~ ^[1-9][0-9]*[km]$ ]] || die 64 "$name must be a size such as 512k or 20m, not $value" ;;
      VERTICAL) [[ $value =~ ^([A-Za-z0-9._-]+|\[[0-9a-f:]+\]):[0-9]+$ ]] || die 64 "VERTICAL must be host:port, not $value" ;;
      GATEWAY_TRUSTED | GATEWAY_CONSOLE_ALLOW)
        [[ $value =~ ^[0-9a-f.:/\ ]*$ ]] || die 64 "$name must be addresses or networks separated by spaces, not $value"
        [[ "$value " != *'/0 '* ]] || die 64 "$name names everybody, who is better named by leaving it empty: $value"
        ;;
      GATEWAY_TRUSTED_HEADER)
        [[ $value =~ ^[A-Za-z][A-Za-z_-]*$ ]] || die 64 "$name must be a header or proxy_protocol, not $value"
        ;;
      GATEWAY_NGINX) ;; # a command of ours, not part of the configuration
      *) [[ $value =~ ^[][A-Za-z0-9._:/@+\ -]+$ ]] || die 64 "$name has characters that a configuration cannot take: $value" ;;
    esac
  done
}

# fill TEMPLATE: its text with every ${NAME} replaced.
fill() {
  local text name
  text=$(< "$1")
  for name in "${GATEWAY_NAMES[@]}" GATEWAY_SITE; do
    text=${text//"\${$name}"/"${!name}"}
  done
  [[ ! $text =~ \$\{([A-Z_]+)\} ]] || die 1 "$1 asks for ${BASH_REMATCH[1]}, which defaults.env does not know"
  printf '%s\n' "$text"
}

# upstream_conf ADDRESS…: one vertical, or several that share the requests. With one, Nginx always sends to it; with
# several, it skips one that refuses connections twice for two seconds.
upstream_conf() {
  local address
  printf 'upstream vertical {\n  zone vertical 64k;\n'
  for address in "$@"; do
    if (($# == 1)); then printf '  server %s;\n' "$address"; else printf '  server %s max_fails=2 fail_timeout=2s;\n' "$address"; fi
  done
  printf '  keepalive 64;\n'
  printf '  # Shorter than the 75 s of the vertical, so the vertical never closes a connection that is about to be used.\n'
  printf '  keepalive_timeout 60s;\n}\n'
}

# write_parts FOLDER: all generated files except the site itself and upstream.conf, in the form for this Nginx.
write_parts() {
  local folder=$1 network part
  mkdir -p "$folder/snippets"
  for part in "$GATEWAY_SOURCE"/snippets/*.conf; do
    fill "$part" > "$folder/snippets/${part##*/}"
  done
  fill "$GATEWAY_SOURCE/main.conf.template" > "$folder/nginx.conf"

  listen_lines "$GATEWAY_HTTP" '' > "$folder/listen-plain.conf"
  listen_lines "$GATEWAY_HTTP" ' default_server' > "$folder/listen-plain-default.conf"
  # HTTP/2 became a directive of its own in 1.25.1; earlier versions need the parameter of listen.
  local http2_word='' http2_line='http2 on;'
  if is_older_than 1.25.1; then http2_word=' http2' http2_line=''; fi
  { listen_lines "$GATEWAY_HTTPS" " ssl$http2_word" && printf '%s\n' "$http2_line"; } > "$folder/listen-tls.conf"
  { listen_lines "$GATEWAY_HTTPS" " ssl$http2_word default_server" && printf '%s\n' "$http2_line"; } > "$folder/listen-tls-default.conf"

  {
    for network in $GATEWAY_TRUSTED; do printf 'set_real_ip_from %s;\n' "$network"; done
    [[ -z $GATEWAY_TRUSTED ]] || printf 'real_ip_header %s;\nreal_ip_recursive on;\n' "$GATEWAY_TRUSTED_HEADER"
  } > "$folder/trusted.conf"
  {
    for network in $GATEWAY_CONSOLE_ALLOW; do printf 'allow %s;\n' "$network"; done
    [[ -z $GATEWAY_CONSOLE_ALLOW ]] || printf 'deny all;\n'
  } > "$folder/console-access.conf"
}

listen_lines() {
  local address words=$2
  [[ -z $GATEWAY_TRUSTED || $GATEWAY_TRUSTED_HEADER != proxy_protocol ]] || words+=' proxy_protocol'
  for address in $1; do printf 'listen %s%s;\n' "$address" "$words"; done
}

is_older_than() {
  local version
  # shellcheck disable=SC2086 # a command with its arguments
  version=$($GATEWAY_NGINX -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p')
  [[ -n $version ]] || die 69 "$GATEWAY_NGINX does not say its version: is Nginx installed?"
  [[ $version != "$1" && $(printf '%s\n' "$version" "$1" | sort -V | head -n 1) == "$version" ]]
}

# The certificate for unknown hosts, and for all hosts until there is a real one: without it a new machine could not
# start, and could not answer the challenge for the real one.
make_placeholder() {
  local folder=$GATEWAY_CERTIFICATES/placeholder
  if [[ ! -s $folder/fullchain.pem || ! -s $folder/privkey.pem ]]; then
    command -v openssl > /dev/null || die 69 'openssl is missing: it makes the certificate for the first start'
    mkdir -p "$folder"
    (
      umask 077
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj '/CN=placeholder.invalid' \
        -addext 'subjectAltName=DNS:placeholder.invalid' -keyout "$folder/privkey.pem" -out "$folder/fullchain.pem" 2> /dev/null
    ) || die 1 "the placeholder certificate could not be made in $folder"
  fi
  [[ -e $GATEWAY_CERTIFICATES/current/fullchain.pem ]] || ln -sfn placeholder "$GATEWAY_CERTIFICATES/current"
}

# Writes the dates of the served certificate for its alerts, if the folder of metrics exists.
note_certificate() {
  local file=$GATEWAY_METRICS/certificate.prom chain=$GATEWAY_CERTIFICATES/current/fullchain.pem name said
  [[ -d $GATEWAY_METRICS ]] || return 0
  for name in starts ends; do
    said=$(openssl x509 -in "$chain" -noout "-${name%s}date")
    printf '# HELP basecommerce_certificate_%s_seconds When the certificate of the gateway %s.\n' "$name" "$name"
    printf '# TYPE basecommerce_certificate_%s_seconds gauge\n' "$name"
    printf 'basecommerce_certificate_%s_seconds %s\n' "$name" "$(date -u -d "${said#*=}" +%s)"
  done > "$file.new"
  mv "$file.new" "$file"
}
