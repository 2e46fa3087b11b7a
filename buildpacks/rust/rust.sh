# Sourced before an app's process starts: its programs on PATH, and what Rocket listens on.
export PATH="/app/src/target/release:/app/src/bin:$PATH"
export ROCKET_ADDRESS="${ROCKET_ADDRESS-0.0.0.0}" ROCKET_PORT="${ROCKET_PORT-${PORT-8000}}"
cd /app/src
