# A registry to pull from by digest. Only tests have one like this: no TLS, no users.
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends docker-registry && rm -rf /var/lib/apt/lists/* \
  && printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /registry}}\nhttp: {addr: ":5000"}\n' > /registry.yml
CMD ["docker-registry", "serve", "/registry.yml"]
