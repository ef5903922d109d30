"""How MariaDB is asked on its host, and who holds its tables there: text of POSIX sh."""

PATIENCE = 10
"""Seconds that a statement waits for a lock on a table, where MariaDB's own limit is a day."""

# Needs $login, an option of MariaDB's tools. $socket and $most, seconds for all of it, may be set.
CLIENT = f"""\
program=$(command -v mariadb || command -v mysql) || program=mariadb
patience={PATIENCE}
client() {{
  ${{most:+timeout -k 1 "$most"}} "$program" "$login" ${{socket:+"--socket=$socket"}} \\
    --connect-timeout=10 "--init-command=SET SESSION lock_wait_timeout = $patience" "$@"
}}
"""
# Needs `client` and $database. A line of a session: id, user, host, what it does, for how long.
SESSIONS = """\
ask() { client -N -B -e "$1"; }
shows_locks() {
  [ "$(ask "SELECT COUNT(*) FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE'
    AND PLUGIN_NAME = 'METADATA_LOCK_INFO'")" = 1 ]
}
sessions_of() {
  ask "SELECT ID, USER, SUBSTRING_INDEX(HOST, ':', 1), COMMAND, TIME
    FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND ($1)
    AND COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Killed')
    AND USER NOT IN ('system user', 'event_scheduler') ORDER BY TIME DESC LIMIT 100"
}
lock_holders() {
  sessions_of "ID IN (SELECT THREAD_ID FROM information_schema.METADATA_LOCK_INFO
    WHERE TABLE_SCHEMA = '$database')"
}
sessions() {
  sessions_of "DB = '$database'" && ! shows_locks || lock_holders
}
# Most servers have the plugin without having loaded it.
holders() {
  if shows_locks; then
    lock_holders
  elif ask "INSTALL SONAME 'metadata_lock_info'" 2>/dev/null; then
    lock_holders
    ask "UNINSTALL SONAME 'metadata_lock_info'"
  fi
}
suspects() { sessions_of "ID IN (SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX)"; }
named() {
  awk -F '\\t' '
    seen[$1]++ { next }
    { printf "%ssession %s of %s@%s (%s, %s s)", n++ ? ", " : "", $1, $2, $3, tolower($4), $5 }
    n == 5 { exit }'
}
# In words, whom a statement waits for; without those sessions that wait themselves.
locked_by() {
  waiting=" $(printf '%s' "${1:-}" | tr '\\n' ' ') "
  found=$(holders | awk -F '\\t' -v "waiting=$waiting" 'index(waiting, " " $1 " ") == 0')
  if [ -n "$found" ]; then
    printf '%s\\n' "$found" | named
  else
    printf 'a session that MariaDB does not tell, perhaps %s' "$(suspects | named)"
  fi
}
"""

END = """\
end_all() {
  found=$1
  while IFS=$(printf '\\t') read -r id user from rest; do
    [ -n "$id" ] && ask "KILL CONNECTION $id" || continue
    printf 'session %s of %s@%s\\n' "$id" "$user" "$from"
  done <<LISTED
$found
LISTED
}
"""
