# Two images: the service alone (the default), and the gate alone (--target gate). Both are unprivileged. Where no image registry can be
# reached, `./sla` builds the service on a base of its own.
ARG BASE_IMAGE=node:24-bookworm-slim
ARG K6_IMAGE=grafana/k6:2.2.0

FROM ${BASE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Of the model's runtimes, many megabytes each, only that of Node for this system and processor is used.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && cd node_modules \
 && rm -rf onnxruntime-web \
 && find onnxruntime-node/bin -mindepth 2 -maxdepth 2 -type d ! -name linux -exec rm -rf {} + \
 && find onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d ! -name "$(node -p process.arch)" -exec rm -rf {} +

FROM ${BASE_IMAGE} AS service
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000
# One arena for all threads, and large blocks given back at once: docs/decisions/0012.
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=4194304
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY service ./service
# It only reads its files: any user will do, and no name is needed.
USER 65534:65534
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "service/server.ts"]

FROM ${K6_IMAGE} AS k6

FROM ${BASE_IMAGE} AS package
WORKDIR /build
COPY package.json ./
# The compiler alone: the packages of the service are not needed to build the gate.
RUN npm install --prefix /compiler --no-audit --no-fund "typescript@$(node -p "require('./package.json').devDependencies.typescript")"
COPY . .
RUN node scripts/package/build-alone.ts /compiler/node_modules/.bin/tsc /package \
 && npm install --prefix /gate --no-audit --no-fund "/$(cd / && npm pack --silent /package)"

# Loads and judges a service that runs elsewhere, with the documents and scripts of the folder that is mounted at /work.
FROM ${BASE_IMAGE} AS gate
COPY --from=k6 /usr/bin/k6 /usr/local/bin/k6
COPY --from=package /gate /opt/sla-harness
ENV PATH=/opt/sla-harness/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /work
USER 65534:65534
ENTRYPOINT ["sla-harness"]

# Last, so that it is what `docker build .` makes.
FROM service
