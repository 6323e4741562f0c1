# Built in two steps: Node builds the web app, then one slim Python image runs the server as an ordinary user.
FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM python:3.13-slim-bookworm
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY signaling signaling
COPY media media
COPY camera_peer camera_peer
COPY --from=web /src/signaling/webapp signaling/webapp
RUN pip install --no-cache-dir --constraint constraints.txt '.[server,relay]' \
    && useradd --system --home-dir /data --uid 10001 belvedere \
    && install -d -o belvedere -g belvedere -m 0700 /data /secrets \
    && rm -rf /src/*
USER 10001
VOLUME /data
# The web app and the API, the relay. /secrets: what is shared with coturn.
EXPOSE 8443/tcp 3480/udp 3480/tcp 3481/udp
ENV BELVEDERE_HOST=0.0.0.0 BELVEDERE_PORT=8443 BELVEDERE_DATA_DIR=/data
CMD ["belvedere", "serve"]
