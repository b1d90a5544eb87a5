# A registry to pull from by digest. Only tests have one like this: no TLS, no users.
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends docker-registry && rm -rf /var/lib/apt/lists/* \
  && printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /registry}}\nhttp: {addr: ":5000"}\n' > /registry.yml
# The same with one who may pull: with /private.yml, on another port. The password of `puller` is in the test.
RUN printf 'puller:$2y$05$Amx2Cydj18SkaP46WJ5Q3eQKz6/xzL2yGIuLcooytw5RqUnecCWUO\n' > /users \
  && sed 's/:5000/:5001/' /registry.yml > /private.yml \
  && printf 'auth: {htpasswd: {realm: test, path: /users}}\n' >> /private.yml
ENTRYPOINT ["docker-registry", "serve"]
CMD ["/registry.yml"]
