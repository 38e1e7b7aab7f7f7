#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages of kmodtest on a clean Debian (a chroot that debootstrap makes). Then it does what
# README.md and docs/guide/cpp.md tell a new user to do: a plan for their own module, as root and as an ordinary user,
# and the example in C++. Downloads about 300 MB; needs root, debootstrap, lintian. Removes everything it made at the
# end.
#
#   tools/check-package.sh [BUILD [SUITE]]     SUITE: bookworm (Debian 12), trixie (Debian 13); default: the host's
#
# On the host's own release it installs the packages of BUILD. For another one it makes the packages in a second clean
# machine, from these sources and with that release's compiler and libraries.
#
#   PACKAGES=FOLDER  packages for SUITE that were made before
#   BASE=FOLDER      a clean machine that tools/debian-base.sh has made before (it is copied)
#   KEEP=1           leave the machine in its folder
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$source/build}" && pwd)
# shellcheck source=/dev/null
host=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
suite=${2:-$host}

work=$(mktemp -d "${TMPDIR:-/var/tmp}/kmodtest-package-XXXXXX")
machine=$work/machine
clean_up() {
  local status=$?
  for mounted in "$work"/*/{dev/shm,dev/pts,sys,proc}; do
    if mountpoint -q "$mounted"; then umount "$mounted" || umount --lazy "$mounted"; fi
  done
  if [[ -n ${KEEP:-} ]]; then
    echo "kept: $work"
  else
    rm -rf --one-file-system "$work"
  fi
  exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }
inside() { chroot "$machine" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_user() { chroot --userspec=tester:tester "$machine" env -i PATH=/usr/bin:/bin HOME=/home/tester LC_ALL=C.UTF-8 "$@"; }


# make_machine: a clean machine in $machine.
make_machine() {
  say "a clean machine of the suite $suite"
  if [[ -n ${BASE:-} ]]; then
    cp -a "$BASE" "$machine"
  else
    "$source/tools/debian-base.sh" "$machine" "$suite" >"$work/debootstrap.log" ||
      { tail -20 "$work/debootstrap.log" >&2; exit 3; }
  fi
  mount -t proc proc "$machine/proc"
  mount -t sysfs -o ro sysfs "$machine/sys"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$machine/dev/pts"
  mkdir -p "$machine/dev/shm"
  mount -t tmpfs -o mode=1777 tmpfs "$machine/dev/shm"
}

if [[ -n ${PACKAGES:-} ]]; then
  build=$PACKAGES
elif [[ $suite != "$host" ]]; then
  machine=$work/builder
  make_machine
  say "making the packages there"
  mkdir "$machine/srv/kmodtest"
  git -C "$source" ls-files -z | tar -C "$source" --null -T - -c | tar -C "$machine/srv/kmodtest" -x
  inside sh -ec 'apt-get -q update && apt-get -q -y install make && cd /srv/kmodtest && make setup && make package' >"$work/build.log" 2>&1 ||
    { tail -40 "$work/build.log" >&2; exit 1; }
  build=$machine/srv/kmodtest/build
  machine=$work/machine
fi

shopt -s nullglob
debs=("$build"/kmodtest_*.deb "$build"/kmodtest-dev_*.deb)
if [[ ${#debs[@]} -ne 2 ]]; then
  echo "kmodtest: expected one kmodtest_*.deb and one kmodtest-dev_*.deb in $build, not: ${debs[*]}" >&2
  echo "hint: 'make package' makes them" >&2
  exit 2
fi
say "lintian"
lintian --tag-display-limit 0 --fail-on error "${debs[@]}"

make_machine
from=()
if [[ $suite == bookworm ]]; then
  say "adding bookworm-backports, as docs/guide/packages.md says"
  # The variables are for the shell in the chroot.
  # shellcheck disable=SC2016
  inside sh -ec 'mirror=$(awk '\''$1 == "deb" && $3 == "bookworm" { print $2 }'\'' /etc/apt/sources.list)
    echo "deb $mirror bookworm-backports main" >/etc/apt/sources.list.d/backports.list'
  from=(-t bookworm-backports)
fi
inside apt-get -q update

say "installing"
mkdir "$machine/root/packages"
cp "${debs[@]}" "$machine/root/packages"
before=$(du -sm --one-file-system "$machine" | cut -f1)
# The shell of the chroot expands the name.
inside sh -ec "apt-get -q -y --no-install-recommends ${from[*]} install /root/packages/kmodtest_*.deb" \
  >"$work/install.log" || { tail -30 "$work/install.log" >&2; exit 1; }
inside apt-get clean
echo "installed: $(($(du -sm --one-file-system "$machine" | cut -f1) - before)) MiB"
inside kmodtest --version

say "the example of README.md"
example=$machine/srv/example
mkdir -p "$example"
cp -r "$source/tests/package/hello" "$example/hello"
# The plan is the one in README.md.
awk '/^```yaml$/ { inside = 1; next } /^```$/ { inside = 0 } inside && !done { print } /^```$/ && seen { done = 1 }
     /^module: hello$/ { seen = 1 }' "$source/README.md" >"$example/hello.yaml"
grep -q '^module: hello$' "$example/hello.yaml"
cat "$example/hello.yaml"

say "as root"
inside sh -ec 'cd /srv/example && kmodtest run hello.yaml'
say "as an ordinary user"
inside useradd --create-home tester
as_user sh -ec 'cp -r /srv/example ~/example && cd ~/example && kmodtest run hello.yaml && kmodtest run hello --load-cycles 10'

say "the example in C++"
inside sh -ec 'apt-get -q -y --no-install-recommends install /root/packages/kmodtest-dev_*.deb g++ cmake' \
  >"$work/install-dev.log" || { tail -30 "$work/install-dev.log" >&2; exit 1; }
cp -r "$source/examples/cxx" "$machine/srv/cxx"
as_user sh -ec 'cp -r /srv/cxx ~/cxx && cd ~/cxx && cmake -S . -B build >/dev/null && cmake --build build && ctest --test-dir build --output-on-failure'

say "removing"
inside apt-get -q -y purge kmodtest-dev kmodtest >"$work/purge.log"
left=$(inside sh -c 'ls -d /usr/bin/kmodtest /usr/share/kmodtest /usr/libexec/kmodtest /usr/include/kmodtest 2>/dev/null || :')
if [[ -n $left ]]; then
  echo "kmodtest: left behind: $left" >&2
  exit 1
fi
if pgrep -f "$machine|kmodtest-qemu" >/dev/null && [[ -n $(find /proc/[0-9]*/root -maxdepth 0 -lname "$machine*" 2>/dev/null) ]]; then
  echo "kmodtest: processes are still running in the machine" >&2
  exit 1
fi
say "the packages work on a clean machine of the suite $suite"
