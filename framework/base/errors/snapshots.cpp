// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &snapshots_errors() {
  static const ErrorArea area{
      "Snapshots",
      {
          {Code::snapshot_not_kept, "a snapshot cannot be kept",
           "The guest was booted, but its state could not be put into the cache, from which each case "
           "is restored.",
           "The disk is full, or the cache belongs to another user.",
           "Make room, or name another folder:\n"
           "    kmodtest cache prune --limit 1G\n"
           "    export KMODTEST_CACHE=/path/on/another/disk",
           "kmodtest: error[K0701]: cannot keep a snapshot in /home/me/.cache/kmodtest/snapshots: the "
           "disk is full"},
          {Code::snapshot_unreadable, "a snapshot cannot be read",
           "A saved guest is there, but its files cannot be opened.",
           "Missing rights, too many open files (`ulimit -n`), or another process has removed it just now.",
           "Run it again. When it stays, throw the snapshots away; they are made again:\n"
           "    kmodtest cache clear",
           "kmodtest: error[K0702]: cannot open the snapshot /home/me/.cache/kmodtest/snapshots/4f2a…: "
           "Too many open files"},
          {Code::snapshot_not_restored, "a snapshot cannot be restored",
           "QEMU does not restore the state of a guest that it has saved a moment before.",
           "A QEMU whose devices cannot be saved under this configuration, or too little memory.",
           "Boot a guest for every case instead, and see what QEMU says:\n"
           "    LIBVIRT_LOG_OUTPUTS=1:stderr kmodtest run hello.yaml --no-snapshot",
           "kmodtest: error[K0703]: QEMU cannot restore what it has just saved"},
      }};
  return area;
}

}  // namespace kmodtest::base
