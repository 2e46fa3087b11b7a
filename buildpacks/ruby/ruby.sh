# Sourced before an app's process starts: Ruby and the app's gems, and what frameworks may count on.
export PATH="/app/heroku/ruby/bin:/app/src/bin:$PATH"
export LD_LIBRARY_PATH="/app/heroku/ruby/lib/$(uname -m)-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export BUNDLE_PATH=/app/heroku/bundler BUNDLE_FROZEN=true BUNDLE_WITHOUT="${BUNDLE_WITHOUT-development:test}"
export BUNDLE_APP_CONFIG=/app/heroku/bundler/config BUNDLE_GEMFILE=/app/src/Gemfile
export LANG="${LANG:-C.UTF-8}"
export RACK_ENV="${RACK_ENV-production}"
export RAILS_ENV="${RAILS_ENV-$RACK_ENV}" RAILS_LOG_TO_STDOUT="${RAILS_LOG_TO_STDOUT-enabled}"
export RAILS_SERVE_STATIC_FILES="${RAILS_SERVE_STATIC_FILES-enabled}"
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX-2}" PUMA_PERSISTENT_TIMEOUT="${PUMA_PERSISTENT_TIMEOUT-95}" DISABLE_SPRING=1
cd /app/src
