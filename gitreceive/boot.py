"""How an app's process is started in its container, wherever that runs."""

PORT = 5000
"""Inside the container, given to the process as ``PORT``."""

START = """
cd /app || exit 1
for profile in /app/.profile.d/*.sh; do if [ -f "$profile" ]; then . "$profile"; fi; done
if [ -f /app/.profile ]; then . /app/.profile; fi
cd /app/src || exit 1
exec bash -c "$1"
"""
"""What an app's process is started with: its command is an argument and stays one."""

ATTENDED = """
trap 'stopping=yes; interrupted=yes; kill -TERM -1 2>/dev/null' TERM
bash -c "$1" gitreceive "$2" &
while interrupted=; wait "$!"; status=$?; [ -n "$interrupted" ]; do :; done
while [ -n "$stopping" ] && kill -0 -1 2>/dev/null; do sleep 0.1; done
exit "$status"
"""
"""The container's first process: runs START with a command, hands SIGTERM to every other process there is, and ends
with the status of the command, after all of them.

The kernel keeps signals without a handler from a first process (pid_namespaces(7)): without this one, most apps would
end by SIGKILL only; and a shell before a command ("cd web && ./server") would end without waiting for it.
"""
