// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/manual.hpp"

namespace kmodtest::cli {

const std::vector<ManualEntry> &exit_statuses() {
  static const std::vector<ManualEntry> table = {
      {"0", "all cases passed"},
      {"1", "some did not"},
      {"2", "wrong usage or plan: nothing was run"},
      {"3", "the infrastructure failed: a case could not be judged, or none could be started"},
      {"4", "nothing was selected"},
      {"130", "interrupted"},
  };
  return table;
}

const std::vector<ManualEntry> &environment_variables() {
  static const std::vector<ManualEntry> table = {
      {"KMODTEST_CACHE",
       "The folder for what is kept between runs: kernels, built modules, snapshots. Default: kmodtest below "
       "$XDG_CACHE_HOME, else ~/.cache/kmodtest."},
      {"KMODTEST_CACHE_LIMIT",
       "How much room snapshots may take on the disk, such as 4G or 500M. Default: 8G. What was not used for longest "
       "is "
       "removed; 0 keeps the last one only."},
      {"KMODTEST_DATA",
       "The folder that has kernels.yaml and kmodtest-agent. Default: share/kmodtest beside the folder of the program, "
       "or the build tree."},
      {"KMODTEST_QEMU_USER",
       "With the value root, QEMU runs as root where kmodtest does. Default: as libvirt-qemu, else as nobody."},
      {"KMODTEST_RUNTIME",
       "The folder for sockets and images of guests that run; a short path. Default: kmodtest below $XDG_RUNTIME_DIR, "
       "else /tmp/kmodtest-UID."},
      {"NO_COLOR", "Without colours, whatever its value."},
  };
  return table;
}

const std::vector<ManualEntry> &files() {
  static const std::vector<ManualEntry> table = {
      {"~/.cache/kmodtest/kernels",
       "Kernels of the catalogue with their headers, fetched from the mirror of the machine."},
      {"~/.cache/kmodtest/snapshots", "Guests that were booted once; each case is restored from one."},
      {"~/.cache/kmodtest/history.json", "How long cases took and what they came to: the order of the next run."},
      {"~/.cache/kmodtest/failed",
       "A folder for each case that did not pass, of the last 20 such runs: kmodtest rerun."},
      {"PREFIX/share/kmodtest/kernels.yaml", "The catalogue of kernels."},
      {"PREFIX/share/kmodtest/kmodtest.schema.json", "The JSON Schema of plans, for editors."},
  };
  return table;
}

}  // namespace kmodtest::cli
