# Sourced before an app's process starts: its programs on PATH.
export PATH="/app/src/bin:$PATH"
cd /app/src
