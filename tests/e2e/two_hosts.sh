#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Two network namespaces with an sshd in each, for tests: they are the hosts "one" and "two" of FOLDER/bin/ssh. The host
# "three" has an address at which nothing answers. A host's cache is FOLDER/cache-HOST.
#
#   two_hosts.sh start FOLDER [HOST]   prints why that is not possible here, and ends with 1; the disk of HOST is full
#   two_hosts.sh processes FOLDER HOST   prints the processes of a host, without its sshd
#   two_hosts.sh cut FOLDER HOST
#   two_hosts.sh stop FOLDER
set -eu
folder=$2
id=$(basename "$folder" | tr -dc 'A-Za-z0-9' | tail -c 6)

# Prints the first three parts of a host's addresses. Other tests that run now have other ones.
net() { echo "10.$((100 + $(printf %d "0x$(printf %s "$folder" | sha256sum | cut -c1-2)") / 3)).$1"; }
space() { echo "kmt-$id-$1"; }
link() { echo "k$id$1"; }

start_host() { # HOST NUMBER
  ip netns add "$(space "$1")"
  ip link add "$(link "$1")" type veth peer name eth0 netns "$(space "$1")"
  ip addr add "$(net "$2").1/24" dev "$(link "$1")"
  ip link set "$(link "$1")" up
  ip -n "$(space "$1")" addr add "$(net "$2").2/24" dev eth0
  ip -n "$(space "$1")" link set eth0 up
  ip -n "$(space "$1")" link set lo up
  cat >"$folder/sshd-$1" <<END
ListenAddress $(net "$2").2
HostKey $folder/hostkey
PidFile $folder/sshd-$1.pid
AuthorizedKeysFile $folder/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv KMODTEST_CACHE=$folder/cache-$1
END
  ip netns exec "$(space "$1")" /usr/sbin/sshd -f "$folder/sshd-$1" -E "$folder/sshd-$1.log"
}

case $1 in
  start)
    [ "$(id -u)" = 0 ] || { echo "only root can make network namespaces"; exit 1; }
    [ -x /usr/sbin/sshd ] || { echo "there is no sshd (package openssh-server)"; exit 1; }
    ip netns add "$(space x)" 2>/dev/null || { echo "network namespaces cannot be made here"; exit 1; }
    ip netns del "$(space x)"
    mkdir -p /run/sshd "$folder/bin"
    ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
    ssh-keygen -q -t ed25519 -N '' -f "$folder/hostkey"
    if [ -n "${3:-}" ]; then
      mkdir -p "$folder/cache-$3"
      mount -t tmpfs -o size=64k disk "$folder/cache-$3" || { echo "nothing can be mounted here"; exit 1; }
    fi
    start_host one 1
    start_host two 2
    cat >"$folder/config" <<END
Host one
  HostName $(net 1).2
Host two
  HostName $(net 2).2
Host three
  HostName $(net 1).9
Host *
  User root
  IdentityFile $folder/key
  IdentitiesOnly yes
  UserKnownHostsFile $folder/known
  StrictHostKeyChecking accept-new
  LogLevel ERROR
END
    printf '#!/bin/sh\nexec /usr/bin/ssh -F %s "$@"\n' "$folder/config" >"$folder/bin/ssh"
    chmod 755 "$folder/bin/ssh"
    ;;
  cut)
    ip link set "$(link "$3")" down
    ;;
  processes)
    for pid in $(ip netns pids "$(space "$3")"); do
      tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -v sshd || true
    done
    ;;
  stop)
    for host in one two; do
      ! mountpoint -q "$folder/cache-$host" || umount "$folder/cache-$host"
      [ ! -f "$folder/sshd-$host.pid" ] || kill "$(cat "$folder/sshd-$host.pid")" || true
      ip netns del "$(space "$host")" 2>/dev/null || true
      ip link del "$(link "$host")" 2>/dev/null || true
    done
    ;;
esac
