# The machines of one environment. Terraform does not manage what runs on them: `droplet bootstrap` and `droplet deploy`
# do.

locals {
  name = "basecommerce-${var.environment}"
}

resource "digitalocean_vpc" "private" {
  name   = local.name
  region = var.region
}

resource "digitalocean_droplet" "machine" {
  count = var.droplets

  name       = "${local.name}-${count.index + 1}"
  image      = "debian-13-x64"
  region     = var.region
  size       = var.size
  vpc_uuid   = digitalocean_vpc.private.id
  ipv6       = true
  monitoring = true
  # The provider's weekly snapshot of the whole machine, in addition to the database's own backups.
  backups = true
  tags    = [digitalocean_tag.environment.id]

  user_data = templatefile("${path.module}/../cloud-init.yaml", { deploy_keys = jsonencode(var.deploy_keys) })

  lifecycle {
    # A new key or image never replaces the machine, because it has the database.
    ignore_changes  = [user_data, image]
    prevent_destroy = true
  }
}

resource "digitalocean_tag" "environment" {
  name = local.name
}

# A second firewall in front of the machine's own: it keeps closed what a mistake there would open.
resource "digitalocean_firewall" "public" {
  name = local.name
  tags = [digitalocean_tag.environment.id]

  inbound_rule {
    protocol         = "tcp"
    port_range       = "22"
    source_addresses = var.ssh_sources
  }

  dynamic "inbound_rule" {
    for_each = ["80", "443"]
    content {
      protocol         = "tcp"
      port_range       = inbound_rule.value
      source_addresses = ["0.0.0.0/0", "::/0"]
    }
  }

  # Between the environment's own machines: PostgreSQL, Redis and metrics.
  inbound_rule {
    protocol    = "tcp"
    port_range  = "1-65535"
    source_tags = [digitalocean_tag.environment.id]
  }

  dynamic "outbound_rule" {
    for_each = ["tcp", "udp"]
    content {
      protocol              = outbound_rule.value
      port_range            = "1-65535"
      destination_addresses = ["0.0.0.0/0", "::/0"]
    }
  }

  outbound_rule {
    protocol              = "icmp"
    destination_addresses = ["0.0.0.0/0", "::/0"]
  }
}

resource "digitalocean_volume" "backups" {
  name                    = "${local.name}-backups"
  region                  = var.region
  size                    = var.volume_gb
  initial_filesystem_type = "ext4"
  description             = "Encrypted backups and the archive of changes"

  lifecycle {
    prevent_destroy = true
  }
}

resource "digitalocean_volume_attachment" "backups" {
  droplet_id = digitalocean_droplet.machine[0].id
  volume_id  = digitalocean_volume.backups.id
}

# The public address stays when the machine behind it is replaced.
resource "digitalocean_reserved_ip" "public" {
  region = var.region
}

resource "digitalocean_reserved_ip_assignment" "public" {
  ip_address = digitalocean_reserved_ip.public.ip_address
  droplet_id = digitalocean_droplet.machine[0].id
}

resource "digitalocean_domain" "base" {
  count = var.manages_dns ? 1 : 0
  name  = var.base_domain
}

resource "digitalocean_record" "stores" {
  for_each = var.manages_dns ? toset(["@", "*"]) : toset([])

  domain = digitalocean_domain.base[0].name
  type   = "A"
  name   = each.value
  value  = digitalocean_reserved_ip.public.ip_address
  ttl    = 300
}

# Only the authority that certbot uses may issue certificates, wildcards included.
resource "digitalocean_record" "authority" {
  for_each = var.manages_dns ? toset(["issue", "issuewild"]) : toset([])

  domain = digitalocean_domain.base[0].name
  type   = "CAA"
  name   = "@"
  tag    = each.value
  flags  = 0
  value  = "letsencrypt.org."
  ttl    = 3600
}
