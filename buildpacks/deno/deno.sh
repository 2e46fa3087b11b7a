# Sourced before an app's process starts: Deno on PATH, with the modules that the build has fetched.
export PATH="/app/heroku/deno/bin:/app/bin:/app/src/node_modules/.bin:$PATH"
export DENO_DIR=/app/heroku/deno/cache DENO_NO_UPDATE_CHECK=1 DENO_NO_PROMPT=1
export DENO_TLS_CA_STORE="${DENO_TLS_CA_STORE-system}"
export NODE_ENV="${NODE_ENV-production}"
cd /app/src
