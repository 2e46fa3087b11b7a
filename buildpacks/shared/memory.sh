# The megabytes that the container may use (cgroup v2, then v1), or that the machine has.
gitreceive_memory() {
    local limit file
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        if [ -r "$file" ]; then
            read -r limit <"$file"
            case $limit in
                *[!0-9]* | ????????????????*) ;;
                *) echo $((limit / 1048576)); return ;;
            esac
        fi
    done
    local name size rest
    while read -r name size rest; do
        if [ "$name" = MemTotal: ]; then echo $((size / 1024)); return; fi
    done </proc/meminfo
}
