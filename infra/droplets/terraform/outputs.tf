output "address" {
  description = "HOST of the environment's file"
  value       = digitalocean_reserved_ip.public.ip_address
}

output "private_addresses" {
  description = "METRICS_ADDRESS of each droplet, and where data stores on a droplet of their own are reached"
  value       = digitalocean_droplet.machine[*].ipv4_address_private
}
