// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <libvirt/libvirt.h>
#include <string>
#include <vector>

#include "vm/guest.hpp"

/// QEMU's own monitor, for functions that libvirt lacks: saving and restoring a machine in place. Source: QEMU, "Human
/// Monitor" (savevm, loadvm, stop, cont, info status, info registers, i, gdbserver).
namespace kmodtest::vm {

class Monitor : public Inspector {
 public:
  explicit Monitor(virDomainPtr domain) : domain_(domain) {}

  /// Each blocks until QEMU has done it; throws base::Error with QEMU's message.
  void pause();
  void resume();
  void save();
  void load();
  /// Returns whether all CPUs are idle: each waits for an interrupt (HLT).
  bool all_halted();
  /// Listens for a debugger on a UNIX socket.
  void serve_debugger(const std::filesystem::path &socket);
  /// Returns whether the machine is paused because its kernel panicked.
  bool panicked();

  /// Writes the guest's memory into a file that is open for writing, in the format of makedumpfile(8).
  void dump(int file);

  std::vector<CpuRegisters> registers() override;
  std::string memory(std::uint64_t address, std::size_t size) override;
  std::uint32_t timer() override;
  std::vector<MemoryWord> changed_pointers(const std::vector<MemoryRange> &into) override;
  std::vector<std::string> pieces(const std::vector<MemoryRange> &wanted) override;

 private:
  /// Asks the library in QEMU (emulator/memory_questions.hpp).
  std::string ask_library(const std::string &verb, const std::vector<MemoryRange> &pairs);
  /// Runs a command in QEMU's own language, and returns the reply.
  std::string execute(const std::string &command, const std::vector<int> &files, const std::string &what_failed);

  /// Returns the output of QEMU.
  std::string ask(const std::string &command);
  /// Runs a command that prints nothing unless it fails.
  void command(const std::string &command, const std::string &what_failed);

  virDomainPtr domain_;
};

}  // namespace kmodtest::vm
