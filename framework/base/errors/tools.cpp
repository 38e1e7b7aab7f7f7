// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &tools_errors() {
  static const ErrorArea area{
      "Debuggers, and kmodtest itself",
      {
          {Code::no_gdb, "there is no gdb", "`--gdb=attach` starts gdb in this terminal, and it is not installed.",
           "The package is missing; nothing else needs it.",
           "Install it, or take `--gdb` without `=attach` and start a gdb elsewhere:\n"
           "    sudo apt-get install gdb",
           "kmodtest: error[K0901]: there is no gdb on this machine\n"
           "  hint: install the package gdb, or take --gdb without =attach"},
          {Code::debugger_channel, "a debugger needs the memory channel",
           "With the other channels, time goes on in the guest while it stands still for the debugger, "
           "and its agent would be given up.",
           "The plan has `channel: virtio` or `serial`.", "Leave the plan's `channel` out while you debug.",
           "Failed hello [cpus=1]: --gdb needs the memory channel, not 'virtio' or 'serial'"},
          {Code::debugger_refused, "QEMU does not serve a debugger",
           "QEMU could not open the socket at which gdb would attach; its own words follow.",
           "The runtime folder is full or its path is too long.",
           "Set `KMODTEST_RUNTIME` to a short path, and run it again.",
           "kmodtest: error[K0903]: QEMU cannot serve a debugger: Failed to bind socket"},
          {Code::defect, "a defect of kmodtest",
           "Something happened that this program does not expect of itself. It is not your plan's or "
           "module's fault.",
           "We do not know; that is the point.",
           "Please report it: `kmodtest --version`, the command line, and the folder of the case "
           "(behind `files:`, or below `--out DIR`).",
           "kmodtest: error[K0999]: basic_string::substr"},
      }};
  return area;
}

}  // namespace kmodtest::base
