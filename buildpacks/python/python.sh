# Sourced before an app's process starts: Python on PATH, and what it may count on.
export PATH="/app/heroku/python/bin:$PATH"
export PYTHONUNBUFFERED=1
export PYTHONPATH="${PYTHONPATH-/app/src}"
export LANG="${LANG:-C.UTF-8}"
export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS-*}"
export GUNICORN_CMD_ARGS="${GUNICORN_CMD_ARGS---access-logfile -}"

# The smaller of 2 workers a processor and one, and one for each 256 MB that the container may use (cgroup v2, then v1).
if [ -z "${WEB_CONCURRENCY-}" ]; then
    WEB_CONCURRENCY=$(($(gitreceive_memory) / 256))
    if [ "$WEB_CONCURRENCY" -gt $(($(nproc) * 2 + 1)) ]; then WEB_CONCURRENCY=$(($(nproc) * 2 + 1)); fi
    if [ "$WEB_CONCURRENCY" -lt 1 ]; then WEB_CONCURRENCY=1; fi
    export WEB_CONCURRENCY
fi
unset -f gitreceive_memory
cd /app/src
