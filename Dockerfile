# Two images from one build: `construction` answers requests and carries the operator's command, `engines` works behind
# it (worker, relay, passes). They share every layer except the last, so the second image needs almost no space.
#
#   docker build --target construction -t basecommerce-construction .
#   docker build --target engines      -t basecommerce-engines .
#
# Build arguments: VERSION and REVISION, which end up in the image's labels.

FROM node:24-trixie-slim AS node
WORKDIR /app

# Manifests come first, reduced to what each stage needs: a change of sources, or of packages for tests, fetches
# nothing.
FROM node AS manifests
COPY package.json package-lock.json ./
COPY tools/containers/dependencies.mjs tools/containers/
RUN node tools/containers/dependencies.mjs runtime /runtime \
 && node tools/containers/dependencies.mjs build /build

# npm waits five minutes for a silent connection, three times, without output.
FROM node AS fetching
ENV npm_config_fetch_timeout=60000 npm_config_fetch_retries=5

FROM fetching AS packages
COPY --from=manifests /runtime ./
# We need no install script, and a package's script would run as root. Files that Node never reads are left out: types,
# source maps, sources, documents, packages' tests, and Prisma for other databases. Licences stay.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
 && rm -f package-lock.json node_modules/.package-lock.json \
 && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.md' \
      -o -name '*.spec.*' -o -name '.git*' \) \
      ! -iname 'licen[cs]e*' ! -iname 'notice*' -delete \
 && find node_modules -type d \( -name test -o -name tests -o -name __tests__ -o -name docs -o -name examples -o -name benchmarks -o -name .github \) \
      -prune -exec rm -rf {} + \
 && find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name 'query_compiler_fast_bg.postgresql.*mjs' -delete \
 && find node_modules -type d -empty -delete

FROM fetching AS build
COPY --from=manifests /build ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build tools/build
RUN node tools/build/public.mjs
COPY prisma.config.ts ./
COPY prisma/schema prisma/schema
COPY tools/prisma tools/prisma
COPY apps apps
COPY libs libs
RUN node tools/prisma/prisma.mjs generate && node tools/prisma/tables.mjs
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json --incremental false --tsBuildInfoFile null --sourceMap false

# The base of both images. Everything belongs to root and is read-only for the process, which runs as another user.
FROM node AS system
ENV NODE_ENV=production
COPY --from=packages /app /app
COPY prisma/migrations prisma/migrations
COPY --from=build /app/dist/libs dist/libs
COPY bin/image/health.mjs bin/
STOPSIGNAL SIGTERM
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 CMD ["node", "/app/bin/health.mjs"]

FROM system AS engines
COPY --from=build /app/dist/apps/engines-worker dist/apps/engines-worker
COPY --from=build /app/dist/apps/outbox-relay dist/apps/outbox-relay
COPY bin/image/engines bin/image/outbox-relay /usr/local/bin/
COPY bin/image/engines-entry /app/bin/
EXPOSE 9101 9102
ENTRYPOINT ["/app/bin/engines-entry"]
CMD ["work"]
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="basecommerce-engines" \
      org.opencontainers.image.description="BaseCommerce: worker, passes and outbox relay" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

FROM system AS construction
COPY --from=build /app/dist/public dist/public
COPY --from=build /app/dist/apps/vertical dist/apps/vertical
COPY --from=build /app/dist/apps/basecommerce dist/apps/basecommerce
COPY --from=build /app/dist/apps/migrate dist/apps/migrate
COPY bin/image/vertical bin/image/basecommerce bin/image/migrate /usr/local/bin/
EXPOSE 8000 9100
ENTRYPOINT []
CMD ["vertical"]
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="basecommerce-construction" \
      org.opencontainers.image.description="BaseCommerce: the construction vertical, the operator's command and the migrations" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
