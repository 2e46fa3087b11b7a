# Sourced before an app's process starts.
export PATH="/app/heroku/static/bin:$PATH"
cd /app/src
