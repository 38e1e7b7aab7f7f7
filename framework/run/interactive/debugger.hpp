// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/asio.hpp"
#include "base/notice_sink.hpp"
#include "run/guests/guest_slot.hpp"
#include "run/prepare/prepare.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// A module and the addresses of its sections in the guest's kernel.
struct PlacedModule {
  std::string name;
  std::filesystem::path file;
  std::map<std::string, std::uint64_t> sections = {};  ///< empty: not known
};

/// The source of the names of the kernel's functions.
struct KernelSymbols {
  std::filesystem::path file;
  std::int64_t offset = 0;         ///< the address where the kernel runs, minus the one where it was linked (KASLR)
  bool debug_information = false;  ///< lines and types too, not names alone
};

/// Returns the commands for gdb: symbols, and the socket to connect to.
std::string gdb_script(const std::filesystem::path &socket, const std::optional<KernelSymbols> &kernel,
                       const std::vector<PlacedModule> &modules);

/// Returns a script for the guest's shell: it loads the modules of a program, and prints "NAME SECTION 0xADDRESS" for
/// each section of each, then the line "--- kallsyms" and all of the kernel's symbols.
std::string survey_script(const wire::Program &program);

/// A debugger for one guest (--gdb). With one snapshot, a kernel puts modules at the same addresses each time. So a
/// guest that is discarded, and runs none of the modules' code, reports them once; breakpoints can then be set before a
/// module is loaded.
class Debugger {
 public:
  enum class Mode {
    wait,    ///< show how to start gdb
    attach,  ///< start it in our terminal
  };

  Debugger(Mode mode, std::filesystem::path cache, base::NoticeSink &notices)
      : mode_(mode), cache_(std::move(cache)), notices_(notices) {}
  ~Debugger();
  Debugger(const Debugger &) = delete;
  Debugger &operator=(const Debugger &) = delete;

  /// Finds the addresses in a guest of this slot, and reports what it cannot find.
  base::Task<> survey(GuestSlot &slot, const Prepared &prepared, std::string guest_name,
                      std::chrono::milliseconds boot_deadline);

  /// Opens a paused guest to the debugger, which resumes it from now on. Throws base::Error.
  base::Task<> begin(vm::Guest &guest);

  /// Returns whether gdb has our terminal, and with it the key that interrupts.
  bool has_terminal() const { return gdb_ > 0; }

 private:
  base::Task<std::string> ask(agent::Session &session, const Prepared &prepared, vm::Guest &guest);
  void read_answer(const std::string &answer, const Prepared &prepared);
  void start_gdb(const std::filesystem::path &script);
  base::Task<> wait_for_gdb(vm::Guest &guest);

  Mode mode_;
  std::filesystem::path cache_;
  base::NoticeSink &notices_;
  std::vector<PlacedModule> modules_;
  std::optional<KernelSymbols> kernel_;
  pid_t gdb_ = 0;
};

/// Throws base::UsageError if this machine has no gdb.
void check_gdb();

}  // namespace kmodtest::run
