// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &guests_errors() {
  static const ErrorArea area{
      "The guest and its agent",
      {
          {Code::guest_not_ready, "the guest did not come up",
           "The guest was started, but its agent did not say that it is ready. No module was loaded "
           "yet, so this is not the module's doing.",
           "Too little memory, words in `append` that keep the kernel from booting, or a kernel "
           "without what the initramfs needs.",
           "The end of the console stands below the failure and mostly says why. Give it more memory "
           "(`--memory 512M`), or take another kernel.",
           "Errored hello [cpus=1]: the guest did not come up: the guest's kernel panicked"},
          {Code::guest_silent, "the guest says nothing",
           "Nothing came from the guest's agent within the time that it is given.",
           "A slow or busy machine, too many guests at once, or a kernel that hangs at boot.",
           "Give it more time, or run fewer guests at once:\n"
           "    kmodtest run hello.yaml -j 1 --boot-timeout 120",
           "Errored hello [cpus=1]: the guest did not come up: nothing came from the guest's agent "
           "within 30.0 s while waiting for its READY"},
          {Code::guest_gone, "the guest's QEMU has ended",
           "QEMU ended by itself while the case ran, or before anybody could speak to the guest.",
           "Somebody ended it, the system ran out of memory and killed it, or QEMU has a defect.",
           "See whether the kernel killed it; then run fewer guests at once, or give them less memory:\n"
           "    sudo dmesg | grep -i 'killed process'",
           "Errored hello [cpus=1]: the guest's QEMU ended"},
          {Code::channel_broken, "the channel to the guest broke",
           "What came from the guest's agent was not what it should be, or the channel was closed.",
           "A module that overwrites memory which is not its own can hit the agent as well; or the guest ended.",
           "Look at the kernel log and the console in the case's folder (behind `files:`). A kernel "
           "with KASAN names the write.",
           "Errored hello [cpus=1]: the channel broke: the channel to the guest's agent is corrupt: "
           "bad checksum"},
          {Code::other_protocol, "agent and kmodtest are of different versions",
           "The agent in the guest speaks another version of the protocol than this kmodtest.",
           "`kmodtest` and `kmodtest-agent` come from different builds.",
           "Build or install both; snapshots with the old agent are then not used any more.",
           "Errored hello [cpus=1]: the guest did not come up: the guest's agent speaks protocol "
           "version 12, this kmodtest 13"},
          {Code::shared_memory_full, "the case needs more shared memory than there is",
           "Modules, program and reports of a case go through memory that host and guest share, and "
           "its size is fixed.",
           "A module with its debug information, a log that is flooded, or large files that are read often.",
           "Strip the module (`strip --strip-debug`), let it say less, or take `guest: {channel: "
           "virtio}`, which has no such limit and boots a guest for every case.",
           "Errored hello [cpus=1]: the channel broke: the case needs more memory shared with the "
           "guest than the 19 MiB for requests and 12 MiB for reports"},
          {Code::program_too_large, "the plan's steps are too large to be sent",
           "The steps of a case are sent to the guest in one frame, and these do not fit.",
           "Steps with very long texts, such as files that are written.", "Split the plan.",
           "Failed hello [cpus=1]: the case's program takes 1300000 bytes, more than the 1048576 that "
           "fit one frame"},
          {Code::file_not_taken, "the guest did not take a file",
           "A module could not be stored in the guest, whose files are in its memory.",
           "The guest has too little memory for it.",
           "Give the guest more: `guest: {memory: 512M}` or `--memory 512M`.",
           "Errored hello [cpus=1]: the guest did not take /tmp/hello.ko (31457280 bytes): No space "
           "left on device"},
          {Code::guest_refused, "the guest refused a session", "The agent could not open a shell for `kmodtest shell`.",
           "The guest is out of memory or of processes: what runs in it takes all.",
           "Leave what runs there, or open another guest with more memory (`--memory 512M`).",
           "kmodtest: error[K0809]: cannot open a terminal: Cannot allocate memory"},
          {Code::guest_stopped, "the guest was stopped before its end",
           "The case ended before its program did, by a decision of this side, and nothing that was "
           "seen explains why.",
           "The run was interrupted, or the guest panicked while it stood still.",
           "Run the case again. When it stays, please report it with the folder of the case.",
           "Errored hello [cpus=1]: the guest was stopped before the end of its program"},
          {Code::agent_failed, "the agent could not go on",
           "The agent in the guest met something that keeps it from judging, and said so; its words follow.",
           "Mostly too little memory, or a file of `/proc` or `/sys` that this kernel does not have.",
           "Give the guest more memory. When it stays, please report it with the folder of the case.",
           "Errored hello [cpus=1]: the guest could not go on: cannot read /proc/modules"},
          {Code::report_missing, "something that had to be reported was not",
           "Each step and each look at the guest has to be reported; where one is missing, nothing is "
           "proven, and the case is not passed.",
           "The guest died between two reports, or a defect of kmodtest.",
           "Look at the end of the kernel log in the case's folder. When the guest lived, please report it.",
           "Errored hello [cpus=1]: what the guest looked like after the last step was not reported"},
          {Code::trace_unusable, "the trace of the scheduler cannot be used",
           "The case was traced, and the trace has a hole, is too long, or cannot be read. A trace "
           "with a hole proves nothing.",
           "Threads switched more often than the guest's agent could take down, or the case was too "
           "long for the 8 MiB of a trace.",
           "Make the case shorter, or let its threads switch less often.",
           "Errored hello [cpus=1]: the trace of the scheduler lost 812 events: nothing is proven"},
          {Code::addresses_hidden, "the guest's kernel does not tell its addresses",
           "gdb and autopsies need the addresses of the kernel's functions, and `/proc/kallsyms` of "
           "the guest has none.",
           "The kernel was built without `CONFIG_KALLSYMS`, or its command line hides them.",
           "Take a kernel with `CONFIG_KALLSYMS`, and leave `kernel.kptr_restrict` alone.",
           "kmodtest: error[K0814]: /proc/kallsyms of the guest tells no addresses"},
          {Code::log_overwritten, "lines of the kernel log were lost",
           "The guest's kernel overwrote lines of its log before they were read, and without them a "
           "step cannot be judged.",
           "A module that prints faster than they can be taken down.",
           "Print less (`pr_info_ratelimited`), or make the log larger: `guest: {append: log_buf_len=4M}`.",
           "Errored hello [cpus=1]: the guest says that the step held, but what it sent says that it did not"},
          {Code::one_guest_only, "this process has a guest already",
           "A test in C++ asked for a second guest while the first one lives; libvirt's embedded "
           "driver belongs to the process.",
           "A guest that is kept in a static variable or in a fixture of the whole suite.",
           "Let the first one go, or call its `finish()`, before the next; or run the tests in "
           "processes of their own, as ctest does.",
           "kmodtest: error[K0816]: this process has a guest already"},
      }};
  return area;
}

}  // namespace kmodtest::base
