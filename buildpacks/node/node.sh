# Sourced before an app's process starts: Node.js on PATH, and what it may count on.
export PATH="/app/heroku/node/bin:/app/bin:/app/src/node_modules/.bin:$PATH"
export NODE_HOME=/app/heroku/node
export NODE_ENV="${NODE_ENV-production}"
export NPM_CONFIG_UPDATE_NOTIFIER=false
export YARN_IGNORE_PATH=1

# One worker for each WEB_MEMORY megabytes that the container may use (cgroup v2, then v1), at most one a processor.
if [ -z "${WEB_CONCURRENCY-}" ]; then
    export WEB_MEMORY="${WEB_MEMORY:-512}"
    WEB_CONCURRENCY=$(($(gitreceive_memory) / WEB_MEMORY))
    if [ "$WEB_CONCURRENCY" -gt "$(nproc)" ]; then WEB_CONCURRENCY=$(nproc); fi
    if [ "$WEB_CONCURRENCY" -lt 1 ]; then WEB_CONCURRENCY=1; fi
    export WEB_CONCURRENCY
fi
unset -f gitreceive_memory
cd /app/src
