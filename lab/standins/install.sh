#!/bin/sh
# Run once, as root in the base system, after this directory was copied to /usr/share/lab/standins:
# the users, directories and commands that all roles of hosts start from.
set -eu

for user in centreon centreon-broker centreon-engine centreon-gorgone apache www-data; do
    getent group "$user" >/dev/null || groupadd --system "$user"
    getent passwd "$user" >/dev/null ||
        useradd --system --gid "$user" --home-dir /var/lib/centreon --shell /usr/sbin/nologin "$user"
done
# Centreon's packages make these users members of each other's groups.
for user in apache www-data centreon-gorgone centreon; do
    usermod --append --groups centreon,centreon-broker,centreon-engine "$user"
done
usermod --append --groups apache,www-data,centreon-gorgone centreon-gorgone
usermod --append --groups apache,www-data,centreon-gorgone centreon

own() {
    owner=$1 mode=$2
    shift 2
    install -d -o "$owner" -g "$owner" -m "$mode" "$@"
}
own centreon 0755 /etc/centreon /var/cache/centreon /var/lib/centreon /var/log/centreon
own centreon 2775 /var/lib/centreon/centcore /var/lib/centreon/metrics /var/lib/centreon/status
own centreon 2775 /var/cache/centreon/config
own centreon 2775 /var/cache/centreon/config/engine /var/cache/centreon/config/broker
own centreon 2775 /var/cache/centreon/config/export /var/cache/centreon/config/remote-data
own centreon-broker 2775 /etc/centreon-broker /var/lib/centreon-broker /var/log/centreon-broker
own centreon-engine 2775 /etc/centreon-engine /var/lib/centreon-engine /var/log/centreon-engine
own centreon-gorgone 0750 /etc/centreon-gorgone /etc/centreon-gorgone/config.d
own centreon-gorgone 0755 /var/log/centreon-gorgone
own root 0755 /usr/share/centreon/www/modules /usr/share/centreon/www/widgets
own root 0755 /usr/share/centreon/lib/centreon-broker /usr/lib/lab

command_of() {
    cat >"$1" <<EOF
#!/usr/bin/python3 -I
import sys

sys.path.insert(0, "/usr/share/lab")

from standins.$2 import run

run()
EOF
    chmod 755 "$1"
}
command_of /usr/bin/centreon cli
command_of /usr/bin/gorgoned gorgone.daemon
command_of /usr/sbin/cbwd cbwd
command_of /usr/sbin/cbd cbd
command_of /usr/sbin/centengine centengine
command_of /usr/lib/lab/centreon-web web.server

cat >/etc/sudoers.d/centreon <<'EOF'
# What Centreon's packages allow gorgone: the services of a poller.
%centreon-gorgone ALL=(root) NOPASSWD: /usr/sbin/service centengine *, /usr/sbin/service cbd *
EOF
chmod 440 /etc/sudoers.d/centreon
visudo --check --quiet

# A host of the lab lives in the page cache: nothing is gained by waiting for the disk.
cat >/etc/mysql/mariadb.conf.d/99-standins.cnf <<'EOF'
[mariadbd]
innodb_flush_method = nosync
innodb_flush_log_at_trx_commit = 2
EOF
python3 -m compileall -q /usr/share/lab/standins
