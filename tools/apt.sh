# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What scripts that install packages share. To be sourced.

# use_apt PACKAGES COMMAND: sets the array `apt` to how apt-get is started, with sudo (in the array `as_root`) if need
# be. Without it the script ends: PACKAGES are missing, and root has to run COMMAND.
use_apt() {
  as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "kmodtest: error[K0310]: packages are missing ($1), and there is no sudo" >&2
      echo "  hint: run $2 as root" >&2
      exit 3
    fi
    as_root=(sudo)
  fi
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
}

# add_backports: adds the suite bookworm-backports to apt's sources, unless it is there. use_apt comes before.
add_backports() {
  local targets mirror keyring option=""
  # The names in $(…) are apt's own placeholders.
  # shellcheck disable=SC2016
  targets=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(REPO_URI)')
  if grep -q '^Packages bookworm-backports ' <<<"$targets"; then return; fi
  mirror=$(awk '$1 == "Packages" && $2 == "bookworm" { print $3; exit }' <<<"$targets")
  if [[ -z "$mirror" ]]; then
    echo "kmodtest: error[K0406]: apt's configuration names no mirror of the suite 'bookworm'" >&2
    echo "  hint: add bookworm-backports to /etc/apt/sources.list.d by hand" >&2
    exit 3
  fi
  echo "kmodtest: adding the suite bookworm-backports (/etc/apt/sources.list.d/kmodtest-backports.list)"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [[ -r $keyring ]] && option="[signed-by=$keyring] "
  echo "deb ${option}${mirror} bookworm-backports main" |
    "${as_root[@]}" tee /etc/apt/sources.list.d/kmodtest-backports.list >/dev/null
  "${apt[@]}" update
}
