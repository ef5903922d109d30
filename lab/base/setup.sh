#!/bin/sh
# Run once, as root in the base system, after lab/base/files and lab/standins were copied into it.
set -eu

# What a short-lived host has no use for; half of the boot time goes with these.
ln -sf /usr/lib/systemd/system/multi-user.target /etc/systemd/system/default.target
systemctl mask --quiet \
    systemd-firstboot.service systemd-logind.service systemd-machine-id-commit.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-network-generator.service systemd-networkd.service systemd-pstore.service \
    systemd-remount-fs.service systemd-ask-password-console.path systemd-ask-password-wall.path \
    systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer dnf-makecache.timer \
    getty.target console-getty.service getty-static.service dev-hugepages.mount \
    proc-sys-fs-binfmt_misc.automount sys-kernel-config.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount
rm -rf /etc/update-motd.d

# The user that mapinfra comes as; its key and, on some hosts, its password are each lab's own.
useradd --create-home --uid 1000 --shell /bin/bash mapinfra
mkdir -p /etc/ssh/authorized_keys /var/log/lab /var/lib/lab /var/log/journal
touch /var/log/lab/ssh-commands.log
chmod 666 /var/log/lab/ssh-commands.log
rm -f /etc/ssh/ssh_host_*
systemctl enable --quiet ssh.service mariadb.service lab-network.service

install -d -o mysql -g mysql /var/lib/mysql
mariadb-install-db --user=mysql --auth-root-authentication-method=socket --skip-test-db --rpm >/dev/null

python3 -m compileall -q /usr/share/lab/standins
cp /usr/share/lab/standins/units/* /etc/systemd/system/
systemctl enable --quiet lab-provision.service
if [ -f /usr/share/lab/standins/install.sh ]; then
    sh /usr/share/lab/standins/install.sh
fi
