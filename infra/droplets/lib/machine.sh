# shellcheck shell=bash
# The steps that set up a bare Debian machine as a droplet; each can be repeated without harm. Needs say.sh and places.sh.

# A container shares its host's kernel: there, swap, clock and kernel settings belong to the host.
in_container() { systemd-detect-virt --container --quiet 2> /dev/null; }

# put FILE MODE: writes standard input to the file; a dry run only prints its name.
put() {
  if [[ ${DRY_RUN:-0} == 1 ]]; then
    cat > /dev/null
    say "would write: $1"
    return 0
  fi
  mkdir -p "${1%/*}"
  replace "$1" "$2"
}

install_packages() {
  local packages missing=() package
  mapfile -t packages < "$1"
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || { say 'every package is installed'; return 0; }
  run env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# The only user that may log in: by key, and with root's rights only through the scripts, so that the log names each
# command.
make_deploy_user() { # make_deploy_user FILE-OF-KEYS
  [[ -s $1 ]] || die 64 "$1 holds no public key: without one no login would be possible"
  id deploy > /dev/null 2>&1 || run useradd --create-home --shell /bin/bash deploy
  run passwd --lock deploy > /dev/null
  run install -d -m 0700 -o deploy -g deploy ~deploy/.ssh
  run install -m 0600 -o deploy -g deploy "$1" ~deploy/.ssh/authorized_keys
  put /etc/sudoers.d/basecommerce 0440 <<< 'deploy ALL=(root) NOPASSWD: /opt/basecommerce/bin/, /opt/basecommerce/data/start, /opt/basecommerce/nginx/certificate'
  [[ ${DRY_RUN:-0} == 1 ]] || visudo --check --quiet --file=/etc/sudoers.d/basecommerce
}

harden_ssh() {
  put /etc/ssh/sshd_config.d/10-basecommerce.conf 0644 << 'SSHD'
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthenticationMethods publickey
AllowUsers deploy
X11Forwarding no
AllowAgentForwarding no
AllowTcpForwarding no
MaxAuthTries 3
LoginGraceTime 20
ClientAliveInterval 30
ClientAliveCountMax 4
SSHD
  run sshd -t
  run systemctl reload ssh
}

# ufw for the machine itself. Docker's published ports bypass ufw's rules, so Docker's own chain gets a rule as well.
raise_firewall() {
  run ufw default deny incoming
  run ufw default allow outgoing
  # Not `limit`: six commands in half a minute would lock the operator out, and keys cannot be guessed.
  run ufw allow 22/tcp
  run ufw allow 80/tcp
  run ufw allow 443/tcp
  run ufw --force enable
  put /etc/systemd/system/basecommerce-firewall.service 0644 << 'UNIT'
[Unit]
Description=Docker's published ports are closed to the public network
After=docker.service
Requires=docker.service
PartOf=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/opt/basecommerce/lib/docker-user-chain

[Install]
WantedBy=docker.service
UNIT
  run systemctl daemon-reload
  run systemctl enable --quiet basecommerce-firewall.service
}

upgrade_unattended() {
  put /etc/apt/apt.conf.d/52basecommerce 0644 << 'APT'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Remove-Unused-Dependencies "true";
// A reboot is a person's decision: `droplet status` says when one is needed.
Unattended-Upgrade::Automatic-Reboot "false";
APT
  run systemctl enable --quiet --now unattended-upgrades.service
}

settle_kernel() {
  if in_container; then say "a container: clock, swap and kernel settings are its host's"; return 0; fi
  run systemctl enable --quiet --now chrony.service
  put /etc/sysctl.d/60-basecommerce.conf 0644 << 'SYSCTL'
# Redis saves from a forked copy; without this setting the kernel refuses the fork when memory is half full.
vm.overcommit_memory = 1
# Swap is for unused pages, not for the database.
vm.swappiness = 10
net.core.somaxconn = 4096
net.ipv4.tcp_syncookies = 1
net.ipv4.conf.all.rp_filter = 1
net.ipv4.conf.all.accept_redirects = 0
net.ipv6.conf.all.accept_redirects = 0
kernel.panic = 10
SYSCTL
  run sysctl --quiet --system
  local megabytes
  megabytes=$(setting SWAP_MB 2048)
  if ((megabytes > 0)) && [[ ! -e /swapfile ]]; then
    run fallocate -l "${megabytes}M" /swapfile
    run chmod 0600 /swapfile
    run mkswap /swapfile
    grep -q '^/swapfile ' /etc/fstab || run tee -a /etc/fstab <<< '/swapfile none swap sw 0 0' > /dev/null
  fi
  [[ ! -e /swapfile ]] || grep -q '^/swapfile' /proc/swaps || run swapon /swapfile
}

limit_logs() {
  put /etc/systemd/journald.conf.d/basecommerce.conf 0644 <<< $'[Journal]\nSystemMaxUse=500M\nMaxRetentionSec=1month'
  run systemctl try-restart systemd-journald.service
}

# live-restore: an upgrade of Docker restarts the engine, but not the containers.
set_up_docker() {
  local before
  before=$(sha256sum /etc/docker/daemon.json 2> /dev/null || true)
  put /etc/docker/daemon.json 0644 << 'DAEMON'
{
  "live-restore": true,
  "log-driver": "json-file",
  "log-opts": { "max-size": "20m", "max-file": "5" },
  "no-new-privileges": true
}
DAEMON
  run systemctl enable --quiet docker.service
  if [[ $before == "$(sha256sum /etc/docker/daemon.json 2> /dev/null || true)" ]]; then run systemctl start docker.service
  else run systemctl restart docker.service; fi
  docker network inspect "$NETWORK" > /dev/null 2>&1 || run docker network create "$NETWORK"
  run systemctl restart basecommerce-firewall.service
}

make_places() {
  run install -d -m 0750 "$ETC" "$STATE"
  run install -d -m 0755 "$METRICS"
  run install -d -m 0750 "$STATE/deploys" "$STATE/jobs"
}

# A separate disk for backups, so that they cannot fill the database's disk.
mount_backups() {
  local device=$1 place=$STATE/backups
  [[ -n $device ]] || return 0
  [[ -b $device ]] || die 69 "BACKUPS_DEVICE names $device, which is no disk here"
  run install -d -m 0700 "$place"
  grep -q " $place " /etc/fstab || run tee -a /etc/fstab <<< "$device $place ext4 defaults,nofail,discard,noatime 0 2" > /dev/null
  mountpoint --quiet "$place" || run mount "$place"
}

random() { openssl rand -base64 48 | tr -d '\n/+=' | cut -c1-48; }

# Makes secrets once; they never leave the machine unencrypted. Existing ones are never overwritten: with a new
# ENCRYPTION_KEY, everything encrypted with the old one could not be read.
make_secrets() {
  local database redis domain
  domain=$(setting BASE_DOMAIN)
  if [[ -e $ENVIRONMENT ]]; then say "$ENVIRONMENT is there and stays as it is"; return 0; fi
  database=$(random) redis=$(random)
  if [[ ! -e $ETC/postgres.env ]]; then
    put "$ETC/postgres.env" 0600 << SETTINGS
POSTGRES_USER=basecommerce
POSTGRES_DB=basecommerce
POSTGRES_PASSWORD=$database
BACKUP_KEY=$(random)
SETTINGS
  else
    database=$(value_in "$ETC/postgres.env" POSTGRES_PASSWORD)
  fi
  if [[ ! -e $ETC/redis.env ]]; then put "$ETC/redis.env" 0600 <<< "REDIS_PASSWORD=$redis"
  else redis=$(value_in "$ETC/redis.env" REDIS_PASSWORD); fi
  put "$ENVIRONMENT" 0600 << SETTINGS
BASE_DOMAIN=$domain
CORS_ORIGINS=https://console.$domain
DATABASE_URL=postgres://basecommerce:$database@basecommerce-postgres:5432/basecommerce
REDIS_URL=redis://:$redis@basecommerce-redis:6379
SECRET_KEY=$(random)
MANAGEMENT_API_KEY=$(random)
ENCRYPTION_KEY=$(random)
SETTINGS
  say "made secrets in $ETC; keep a copy of BACKUP_KEY and ENCRYPTION_KEY outside of this machine"
}
