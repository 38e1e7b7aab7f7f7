#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the Dockerfile for real and runs its first command in the image. It needs no daemon and no registry: buildah
# builds in a chroot, on a base that debootstrap makes. Needs root, buildah, debootstrap, and about 15 GB below /var/tmp
# (or TMPDIR). Removes everything it made at the end.
#
#   tools/check-image.sh                  builds the image, and runs `make run` in it
#   tools/check-image.sh COMMAND…         builds the image, and runs this command in it (make check)
#
#   BASE=FOLDER    a base that tools/debian-base.sh has made before
#   KEEP=1         leave the image in its storage
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
command=("$@")
[[ ${#command[@]} -gt 0 ]] || command=(make run)

for program in buildah debootstrap; do
  if ! command -v $program >/dev/null; then
    echo "kmodtest: there is no $program (hint: tools/install-dependencies.sh --package)" >&2
    exit 3
  fi
done

work=$(mktemp -d "${TMPDIR:-/var/tmp}/kmodtest-image-XXXXXX")
# The images of this machine are neither used nor changed.
image() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }
clean_up() {
  local status=$?
  if [[ -n ${KEEP:-} ]]; then
    echo "kept: $work"
  else
    image rm --all >/dev/null 2>&1 || :
    image rmi --all --force >/dev/null 2>&1 || :
    rm -rf --one-file-system "$work"
  fi
  exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }

from=$(awk '$1 == "FROM" { print $2; exit }' "$source/Dockerfile")
base=${BASE:-$work/base}
say "the base, $from"
[[ -n ${BASE:-} ]] || "$source/tools/debian-base.sh" "$base" >"$work/debootstrap.log" || { tail -20 "$work/debootstrap.log" >&2; exit 3; }
container=$(image from scratch)
image add --quiet "$container" "$base" / >/dev/null
image config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
image commit --quiet "$container" "$from" >/dev/null
image rm "$container" >/dev/null
[[ -n ${BASE:-} ]] || rm -rf --one-file-system "$base"

say "docker build"
# The tracked files, without build folders.
mkdir "$work/context"
git -C "$source" ls-files -z | tar -C "$source" --null -T - -cf - | tar -C "$work/context" -xf -
time image build --isolation chroot --pull-never --layers=false --tag kmodtest "$work/context"

say "docker run kmodtest ${command[*]}"
container=$(image from --pull-never kmodtest)
time image run --isolation chroot "$container" -- "${command[@]}"
say "the image works"
