variable "environment" {
  description = "Name of the environment, as in infra/droplets/environments/<name>.env"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.environment))
    error_message = "Small letters, digits and hyphens, as the file of the environment is named."
  }
}

variable "base_domain" {
  description = "Stores live at <slug>.base_domain, the console at console.base_domain"
  type        = string
}

variable "region" {
  description = "Where the droplets stand; reserved addresses and volumes belong to one region"
  type        = string
  default     = "nyc3"
}

variable "size" {
  description = "Size of a droplet: two releases run beside each other during a deploy, so 4 GB is the least"
  type        = string
  default     = "s-2vcpu-4gb"
}

variable "droplets" {
  description = "How many droplets; the first one has the reserved address and the volume"
  type        = number
  default     = 1

  validation {
    condition     = var.droplets >= 1
    error_message = "There has to be one."
  }
}

variable "volume_gb" {
  description = "Size of the volume for backups and the archive"
  type        = number
  default     = 100
}

variable "deploy_keys" {
  description = "Public keys of everybody who may run the commands"
  type        = list(string)

  validation {
    condition     = length(var.deploy_keys) > 0
    error_message = "Without a key no login would be possible."
  }
}

variable "ssh_sources" {
  description = "Networks that may open ssh connections; the offices' or the VPN's, where there are such"
  type        = list(string)
  default     = ["0.0.0.0/0", "::/0"]
}

variable "manages_dns" {
  description = "Whether the domain's zone is kept here: the wildcard and the base domain point to the reserved address"
  type        = bool
  default     = true
}
