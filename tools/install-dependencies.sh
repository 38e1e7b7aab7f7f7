#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the packages that kmodtest needs and that are missing, on Debian 12 and 13. The names are also those of Ubuntu
# 24.04 and later, with its suite "universe"; that is not tried.
#
#   tools/install-dependencies.sh            to build and to run
#   tools/install-dependencies.sh --check    also for `make check`: clang with libFuzzer, clang-format,
#                                            clang-tidy, python3 with jsonschema and yaml, cmark-gfm, chromium, gdb, zsh, fish, mandoc, parallel,
#                                            ssh, iproute2, Slurm
#   tools/install-dependencies.sh --lint     also for `make lint`: run-clang-tidy, shellcheck
#   tools/install-dependencies.sh --package  also for `make package-check` and `make image-check`: debootstrap,
#                                            lintian, buildah
#   tools/install-dependencies.sh --list     prints the packages instead of installing them
#
# On Debian 12, QEMU, libvirt and Boost are from the bookworm-backports suite (kmodtest is tested with QEMU 8.1 or later
# and libvirt 10 or later; Asio's cancellation needs Boost 1.83). The suite is added from the mirror that this machine's
# own apt configuration names. If everything is present, this script does nothing and is fast.
set -euo pipefail

# shellcheck source=/dev/null
. "${KMODTEST_OS_RELEASE:-/etc/os-release}"
codename=${VERSION_CODENAME:-}
# shellcheck source=tools/apt.sh
. "$(dirname "$0")/apt.sh"

main_packages=(
  g++ cmake ninja-build pkg-config ccache make git ca-certificates
  libpugixml-dev libyaml-cpp-dev libgtest-dev libgmock-dev
  libfmt-dev libarchive-dev libelf-dev libdw-dev zlib1g-dev libcli11-dev nlohmann-json3-dev libxxhash-dev
  libssl-dev libutf8proc-dev
  esbuild node-d3-axis node-d3-scale node-d3-selection node-d3-zoom
  libtraceevent-dev libvterm-dev
  busybox-static kmod dpkg-dev file xz-utils zstd libxml2-utils
)
backports_packages=(
  qemu-system-x86 qemu-system-data qemu-utils libvirt-dev libvirt-daemon-driver-qemu libboost1.83-dev
)
check_packages=(python3 python3-jsonschema python3-yaml cmark-gfm fonts-dejavu-core
                gdb zsh fish mandoc parallel openssh-client openssh-server iproute2
                slurmctld slurmd slurm-client munge)
lint_packages=(shellcheck)
package_packages=(debootstrap lintian buildah)

# The kernels of Debian 12 are built with gcc-12, and their modules, too. The sources are formatted by clang-format 14;
# without it the tests of the format are left out. Ubuntu's chromium is a snap.
case $codename in
  bookworm)
    check_packages+=(chromium clang-16 libclang-rt-16-dev clang-format-14 clang-tidy-14)
    lint_packages+=(clang-tools-14)
    ;;
  noble)
    main_packages+=(gcc-12 debian-archive-keyring)
    check_packages+=(clang-16 libclang-rt-16-dev clang-format-14 clang-tidy-14)
    lint_packages+=(clang-tools-14)
    ;;
  *)
    main_packages+=(gcc-12)
    if [[ ${ID:-} == debian ]]; then check_packages+=(chromium); else main_packages+=(debian-archive-keyring); fi
    check_packages+=(clang-19 libclang-rt-19-dev)
    ;;
esac

only_list=0
for option in "$@"; do
  case "$option" in
    --check) main_packages+=("${check_packages[@]}") ;;
    --lint) main_packages+=("${check_packages[@]}" "${lint_packages[@]}") ;;
    --package) main_packages+=("${package_packages[@]}") ;;
    --list) only_list=1 ;;
    *)
      echo "kmodtest: error[K0101]: $0 has no option '$option'" >&2
      echo "  hint: see the top of the file" >&2
      exit 2
      ;;
  esac
done
if [[ $only_list -eq 1 ]]; then
  printf '%s\n' "${main_packages[@]}" "${backports_packages[@]}" | sort -u
  exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "kmodtest: error[K0310]: there is no apt-get on this machine" >&2
  echo "  hint: install by hand what 'tools/install-dependencies.sh --list' prints; 'make SETUP=0 …' builds with what is there" >&2
  exit 3
fi

missing=() missing_backports=()
declare -A version=()
while read -r name status number; do
  [[ $status == installed ]] && version[${name%%:*}]=$number
done < <(dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n' "${main_packages[@]}" "${backports_packages[@]}" 2>/dev/null)

older_than() { [[ -n "${version[$1]:-}" ]] && dpkg --compare-versions "${version[$1]}" lt "$2"; }

for package in "${main_packages[@]}"; do [[ -n "${version[$package]:-}" ]] || missing+=("$package"); done
for package in "${backports_packages[@]}"; do [[ -n "${version[$package]:-}" ]] || missing_backports+=("$package"); done
if older_than qemu-system-x86 1:8.1; then missing_backports+=(qemu-system-x86 qemu-system-data qemu-utils); fi
if older_than libvirt-dev 10; then missing_backports+=(libvirt-dev libvirt-daemon-driver-qemu); fi

if [[ ${#missing[@]} -eq 0 && ${#missing_backports[@]} -eq 0 ]]; then
  exit 0
fi

use_apt "${missing[*]} ${missing_backports[*]}" "$0 $*"
echo "kmodtest: installing ${missing[*]} ${missing_backports[*]}${as_root[*]:+ (with sudo)}"
"${apt[@]}" update

# These come first. The backports have a newer version of a library (libelf1); it updates an installed -dev package as
# well, but the older -dev package cannot be installed next to it later.
if [[ ${#missing[@]} -gt 0 ]]; then
  "${apt[@]}" install --no-install-recommends "${missing[@]}"
fi

if [[ ${#missing_backports[@]} -gt 0 ]]; then
  from=()
  if [[ $codename == bookworm ]]; then
    add_backports
    from=(-t bookworm-backports)
  fi
  "${apt[@]}" install --no-install-recommends "${from[@]}" "${missing_backports[@]}"
fi
