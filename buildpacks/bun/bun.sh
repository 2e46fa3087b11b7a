# Sourced before an app's process starts: Bun on PATH.
export PATH="/app/heroku/bun/bin:/app/bin:/app/src/node_modules/.bin:$PATH"
export NODE_ENV="${NODE_ENV-production}"
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0
cd /app/src
