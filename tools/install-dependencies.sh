#!/usr/bin/env bash
# Installs what kmodtest needs to build and run on Debian 12, and nothing that is already there.
#
#   tools/install-dependencies.sh          build, run and test
#   tools/install-dependencies.sh --fuzz   also clang and its libFuzzer
#
# QEMU, libvirt and Boost come from the bookworm-backports suite (virtual time needs QEMU 8.1 or later,
# Asio's cancellation Boost 1.83). The suite is added from the mirror that this machine's own apt
# configuration names. Does nothing, quickly, when everything is present.
set -euo pipefail

main_packages=(
  g++ cmake ninja-build pkg-config ccache make git ca-certificates
  libpugixml-dev libyaml-cpp-dev libgtest-dev libgmock-dev libbenchmark-dev
  libfmt-dev libarchive-dev libelf-dev zlib1g-dev libcli11-dev nlohmann-json3-dev
  busybox-static kmod dpkg-dev xz-utils zstd libxml2-utils
)
backports_packages=(
  qemu-system-x86 qemu-system-data qemu-utils libvirt-dev libvirt-daemon-driver-qemu libboost1.83-dev
)
fuzz_packages=(clang-14 libclang-rt-14-dev)

[[ "${1:-}" == --fuzz ]] && main_packages+=("${fuzz_packages[@]}")

installed() { [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }
version_at_least() { installed "$1" && dpkg --compare-versions "$(dpkg-query -W -f '${Version}' "$1")" ge "$2"; }

missing=()
for package in "${main_packages[@]}"; do installed "$package" || missing+=("$package"); done
missing_backports=()
for package in "${backports_packages[@]}"; do installed "$package" || missing_backports+=("$package"); done
version_at_least qemu-system-x86 1:8.1 || missing_backports+=(qemu-system-x86 qemu-system-data qemu-utils)
version_at_least libvirt-dev 10 || missing_backports+=(libvirt-dev libvirt-daemon-driver-qemu)

if [[ ${#missing[@]} -eq 0 && ${#missing_backports[@]} -eq 0 ]]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "kmodtest: this machine has no apt-get; install by hand: ${missing[*]} ${missing_backports[*]}" >&2
  exit 3
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "kmodtest: packages are missing (${missing[*]} ${missing_backports[*]}) and there is no sudo; run $0 as root" >&2
    exit 3
  fi
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0)

echo "kmodtest: installing ${missing[*]} ${missing_backports[*]}"
"${apt[@]}" update

if [[ ${#missing_backports[@]} -gt 0 ]]; then
  . /etc/os-release
  suite="${VERSION_CODENAME:-bookworm}-backports"
  targets=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(REPO_URI)')
  if [[ "${VERSION_CODENAME:-}" == bookworm ]] && ! grep -q "^Packages $suite " <<<"$targets"; then
    mirror=$(awk '$1 == "Packages" && $2 == "bookworm" { print $3; exit }' <<<"$targets")
    if [[ -z "$mirror" ]]; then
      echo "kmodtest: apt's configuration names no mirror of the bookworm suite; add $suite to it by hand" >&2
      exit 3
    fi
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    option=""
    [[ -r $keyring ]] && option="[signed-by=$keyring] "
    echo "deb ${option}${mirror} ${suite} main" |
      "${as_root[@]}" tee /etc/apt/sources.list.d/kmodtest-backports.list >/dev/null
    "${apt[@]}" update
  fi
  if apt-get indextargets --format '$(CREATED_BY) $(RELEASE)' | grep -q "^Packages $suite$"; then
    "${apt[@]}" install --no-install-recommends -t "$suite" "${missing_backports[@]}"
  else
    "${apt[@]}" install --no-install-recommends "${missing_backports[@]}"
  fi
fi
if [[ ${#missing[@]} -gt 0 ]]; then
  "${apt[@]}" install --no-install-recommends "${missing[@]}"
fi
