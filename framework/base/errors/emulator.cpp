// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &emulator_errors() {
  static const ErrorArea area{
      "QEMU and libvirt",
      {
          {Code::no_qemu, "there is no QEMU",
           "Guests run under QEMU for x86-64, and the program is not there or cannot be run.",
           "The package is not installed.",
           "Install it (8.1 or later; on Debian 12 it comes from bookworm-backports):\n"
           "    sudo apt-get install -t bookworm-backports qemu-system-x86",
           "kmodtest: error[K0601]: there is no QEMU: /usr/bin/qemu-system-x86_64 cannot be run\n"
           "  hint: install it: apt install qemu-system-x86"},
          {Code::qemu_broken, "QEMU does not run",
           "QEMU is there, but ends with an error even when it is only asked for its version.",
           "Libraries of another version, half an upgrade.",
           "Install it anew; the words behind the message name what is missing:\n"
           "    sudo apt-get install --reinstall qemu-system-x86",
           "kmodtest: error[K0602]: /usr/bin/qemu-system-x86_64 --version failed: error while loading "
           "shared libraries: libfdt.so.1"},
          {Code::libvirt_failed, "libvirt refused", "libvirt could not do what it was asked for; its own words follow.",
           "Many: a limit of the system, a security module (AppArmor, SELinux), QEMU that ended while "
           "it started.",
           "Read libvirt's words. With this variable it says more on standard error:\n"
           "    LIBVIRT_LOG_OUTPUTS=2:stderr kmodtest run hello.yaml\n"
           "`kmodtest doctor` looks at what is usually missing.",
           "kmodtest: error[K0603]: cannot start guest 'w1-1': internal error: process exited while "
           "connecting to monitor"},
          {Code::no_libvirt_driver, "libvirt has no driver for QEMU",
           "libvirt is there, but the part of it that speaks to QEMU is not.", "Debian packs the driver separately.",
           "Install it:\n"
           "    sudo apt-get install libvirt-daemon-driver-qemu",
           "kmodtest: error[K0604]: cannot open libvirt's qemu:///embed: no connection driver "
           "available for qemu:///embed"},
          {Code::bad_uri, "this libvirt URI cannot be used",
           "`--connect` takes the local drivers for QEMU: guests run on this machine.",
           "A URI of another machine (`qemu+ssh://…`) or of another hypervisor.",
           "Leave the option out, or take `qemu:///embed`, `qemu:///session` or `qemu:///system`.",
           "kmodtest: error[K0605]: libvirt URI 'qemu+ssh://host/system' leads to another machine, "
           "which is not supported yet"},
          {Code::kvm_not_allowed, "QEMU may not use KVM",
           "A guest was to run under KVM, and QEMU could not open `/dev/kvm`.",
           "The user that QEMU runs as is not in the group `kvm`.",
           "Add the user to the group and log in again, or emulate with `--no-kvm`:\n"
           "    sudo adduser \"$USER\" kvm",
           "kmodtest: error[K0606]: cannot start guest 'w1-1': Could not access KVM kernel module: "
           "Permission denied"},
          {Code::no_memory_for_guest, "there is no memory for a guest",
           "The system gave QEMU less memory than the guest needs.",
           "More guests at once than the machine has memory for, or a limit of a container.",
           "Run fewer at once, or give the guests less memory:\n"
           "    kmodtest run hello.yaml -j 1 --memory 256M",
           "kmodtest: error[K0607]: cannot start guest 'w1-1': cannot set up guest memory: Cannot "
           "allocate memory"},
          {Code::qemu_refused, "QEMU refused a command",
           "QEMU's monitor answered a command with an error; its own words follow.",
           "Another version of QEMU than kmodtest knows, or a guest that has just ended.",
           "Run it again. When it stays, please report it with the folder of `--out`.",
           "kmodtest: error[K0608]: cannot save the guest: Error: State blocked by non-migratable device"},
          {Code::guest_memory_unread, "the guest's memory cannot be read",
           "An autopsy or a dump needs the memory of a guest that stands still, and QEMU did not give it.",
           "The guest ended meanwhile, the disk of the dump is full, or the address is not mapped. The "
           "verdict stands without it.",
           "Run it again; for a dump, name a folder with room for the guest's whole memory behind `--out`.",
           "     vmcore: none: cannot dump the guest's memory: dump: failed to save memory"},
      }};
  return area;
}

}  // namespace kmodtest::base
