#!/bin/sh
# sendo-spool 1
# Tells Sendo what was pushed, through one file per push in sendo-spool/. Needs nothing but a shell,
# and never fails a push: what it cannot note is found later by looking at the refs.
# Hooks that were here before, and your own, are in post-receive.d/ and run afterwards, in order of
# their names, each with the same input.

repository=${GIT_DIR:-.}
spool=$repository/sendo-spool
moves=$(cat)

note() {
    now=$(date +%s%N 2>/dev/null)
    case $now in
    *[!0-9]* | '') now= ;;
    esac
    # Without nanoseconds: seconds, padded to the same width so that names still sort by time.
    [ ${#now} -eq 19 ] || now=$(date +%s)000000000
    [ -d "$spool" ] || mkdir "$spool" || return 1
    part=$spool/tmp.$now-$$
    printf '%s\n' "$moves" >"$part" && mv "$part" "$spool/$now-$$-0.push" && return 0
    rm -f "$part"
    return 1
}

if [ -n "$moves" ]; then
    (note) 2>/dev/null || echo 'sendo: this push could not be noted; it will be found a little later' >&2
fi

for hook in "$repository"/hooks/post-receive.d/*; do
    # A copy of this script would run itself for ever.
    if [ -f "$hook" ] && [ -x "$hook" ] && ! grep -q '^# sendo-spool ' "$hook" 2>/dev/null; then
        printf '%s\n' "$moves" | "$hook" "$@"
    fi
done
exit 0
