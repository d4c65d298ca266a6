# One image for the migration, the server and the worker; docker-compose.yml says which command runs where.
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /mema
COPY . .
ENV CI=true
# Everything to build with, then only what runs: installed afresh, because pruning leaves the files there.
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile \
  && npx --yes pnpm@12.21.0 exec turbo run build \
  && find . -name node_modules -prune -exec rm -rf {} + \
  && npx --yes pnpm@12.21.0 install --frozen-lockfile --prod

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production MEMA_DATA_DIR=/var/lib/mema
WORKDIR /mema
COPY --from=build /mema /mema
# The embedded database and generated keys, where there are any. A new volume takes over owner and mode.
RUN install --directory --owner=node --group=node --mode=700 /var/lib/mema
USER node
EXPOSE 8787
CMD ["node", "apps/server/src/main.ts"]
