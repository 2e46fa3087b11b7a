# Sourced before an app's process starts: PHP on PATH, with its settings, its libraries and the app's own programs.
export PATH="/app/heroku/php/bin:/app/src/vendor/bin:/app/src/bin:$PATH"
export PHPRC=/app/heroku/php/etc PHP_INI_SCAN_DIR=/app/heroku/php/etc/conf.d
export LD_LIBRARY_PATH="/app/heroku/php/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
cd /app/src
