# Java on PATH, and a heap that leaves room for the JVM's own needs: those hardly grow with the memory of the container.
# What the app says itself in JAVA_TOOL_OPTIONS comes later and wins.
export JAVA_HOME=/app/heroku/java
export PATH="$JAVA_HOME/bin:$PATH"
gitreceive_megabytes=$(gitreceive_memory)
if [ "$gitreceive_megabytes" -le 512 ]; then
    gitreceive_options="-XX:MaxRAMPercentage=58 -Xss512k -XX:CICompilerCount=2"
elif [ "$gitreceive_megabytes" -le 1024 ]; then
    gitreceive_options="-XX:MaxRAMPercentage=66"
else
    gitreceive_options="-XX:MaxRAMPercentage=80"
fi
export JAVA_TOOL_OPTIONS="$gitreceive_options -Dfile.encoding=UTF-8${JAVA_TOOL_OPTIONS:+ $JAVA_TOOL_OPTIONS}"
export LANG="${LANG:-C.UTF-8}"
unset gitreceive_megabytes gitreceive_options
unset -f gitreceive_memory
cd /app/src
