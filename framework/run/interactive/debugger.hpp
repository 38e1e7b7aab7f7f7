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

/// A module and where the guest's kernel puts its sections.
struct PlacedModule {
  std::string name;
  std::filesystem::path file;
  std::map<std::string, std::uint64_t> sections;  ///< empty: not known
};

/// Where the names of the kernel's functions come from.
struct KernelSymbols {
  std::filesystem::path file;
  std::int64_t offset = 0;         ///< where the kernel runs, less where it was linked (KASLR)
  bool debug_information = false;  ///< lines and types too, not names alone
};

/// What gdb has to be told: symbols, and the socket to connect to.
std::string gdb_script(const std::filesystem::path &socket, const std::optional<KernelSymbols> &kernel,
                       const std::vector<PlacedModule> &modules);

/// A debugger for one guest (--gdb). Under one snapshot a kernel puts modules at the same addresses each time, so they
/// are asked for once, in a guest that is thrown away and runs none of the modules' code; breakpoints can then be set
/// before a module is loaded.
class Debugger {
 public:
  enum class Mode {
    wait,    ///< say how to start gdb
    attach,  ///< start it in our terminal
  };

  Debugger(Mode mode, std::filesystem::path cache, base::NoticeSink &notices)
      : mode_(mode), cache_(std::move(cache)), notices_(notices) {}
  ~Debugger();
  Debugger(const Debugger &) = delete;
  Debugger &operator=(const Debugger &) = delete;

  /// Finds the addresses out, in a guest of this slot. What cannot be found out is said.
  base::Task<> survey(GuestSlot &slot, const Prepared &prepared, std::string guest_name,
                      std::chrono::milliseconds boot_deadline);

  /// Lets the debugger into a guest that stands still; from here on the debugger lets it go. Throws base::Error.
  base::Task<> begin(vm::Guest &guest);

  /// gdb has our terminal, and with it the key that interrupts.
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

/// Throws base::UsageError when this machine has no gdb.
void check_gdb();

}  // namespace kmodtest::run
