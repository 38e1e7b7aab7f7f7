#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Puts the kernel's own reader of KTAP (tools/testing/kunit of Debian's linux-source package) into FOLDER, if it is not
# there yet. The package has 140 MB, so it is fetched and read once, and not installed.
#
#   tests/formats/fetch_kunit.sh FOLDER
set -eu
package=linux-source-6.1
folder=${1:?usage: fetch_kunit.sh FOLDER}
if [ -f "$folder/kunit_parser.py" ]; then
  exit 0
fi

mkdir -p "$(dirname "$folder")"
scratch=$(mktemp -d "$(dirname "$folder")/.kunit-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$scratch"
if ! apt-get -q download "$package" >apt.log 2>&1; then
  # The machine's package lists are old, or there are none.
  if [ "$(id -u)" -ne 0 ] || ! apt-get -q update >>apt.log 2>&1 || ! apt-get -q download "$package" >>apt.log 2>&1; then
    cat apt.log >&2
    echo "fetch_kunit.sh: cannot download $package, which has the kernel's reader of KTAP" >&2
    echo "hint: is the machine's list of packages up to date (apt-get update)?" >&2
    exit 1
  fi
fi
mkdir found
dpkg-deb --fsys-tarfile "$package"_*.deb | tar -xO --wildcards "./usr/src/$package.tar.*" >source.tar.xz
rm -f "$package"_*.deb
tar -xJf source.tar.xz -C found --strip-components 4 --wildcards "$package/tools/testing/kunit/*.py"
test -f found/kunit_parser.py
mv -T found "$folder" 2>/dev/null || test -f "$folder/kunit_parser.py"  # another process was faster
