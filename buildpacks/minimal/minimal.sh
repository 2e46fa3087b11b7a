# Sourced before an app's process starts.
cd /app/src
