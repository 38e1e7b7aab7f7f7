// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

#include "kmodtest/export.hpp"

/// A pristine Linux guest for tests in C++: load modules into it, observe them, and get the verdict that `kmodtest run`
/// would give on a plan. docs/guide/cpp.md is the guide. gtest.hpp has a fixture for GoogleTest, and matchers.hpp has
/// matchers for the guest's output.
namespace kmodtest {

/// The clock of a guest.
enum class Time {
  automatic,     ///< virtual_time wherever the guest is emulated, real_time under KVM
  virtual_time,  ///< counts the guest's instructions: paused between two calls, and reproducible
  real_time,     ///< follows the host's clock
};

/// A NUMA node of a guest.
struct NumaNode {
  std::string cpus;  ///< list format, such as "0-1"
  std::uint32_t memory_mib = 0;
};

/// The configuration of a guest. A configuration is booted once; its guests are then restored from a snapshot.
struct GuestSpec {
  int cpus = 1;
  std::string topology{};  ///< SOCKETSxCORESxTHREADS, such as "2x4x1", whose product is `cpus`; empty: the default
  std::uint32_t memory_mib = 256;
  std::vector<NumaNode> numa{};         ///< empty: one node
  std::string kernel{};                 ///< a name of the catalogue, a bzImage's path, or "host"; empty: the default
  std::filesystem::path modules_dir{};  ///< lib/modules/RELEASE of a kernel given by its path
  std::filesystem::path headers{};      ///< the headers of such a kernel, to build modules against
  std::string append{};                 ///< further options for the kernel's command line
  Time time = Time::automatic;
  std::uint64_t seed = 0;  ///< under virtual time: other random numbers, another start within 4 ms; 0: none
  /// Limits guest time for the whole test; under real time, for each call.
  std::chrono::milliseconds timeout{60'000};
};

/// Checks at the end of every guest, in addition to those of the test.
struct Checks {
  bool reports = true;    ///< no kernel report: panic, oops, BUG, WARNING, stall…
  bool taint = true;      ///< no taint except for that of loading a module
  bool leftovers = true;  ///< no leftovers of a module after its unload
  bool unload = true;     ///< unload the remaining modules at the end
  std::vector<std::string> allow_threads{}, allow_entries{}, allow{};  ///< shell globs, as in `checks:` of a plan
};

/// A line of the kernel's log.
struct LogLine {
  std::chrono::microseconds time{0};  ///< of the kernel's own clock, since the guest's boot
  int level = 6;                      ///< 0 (emergency) … 7 (debug)
  std::string text;
};

/// A thread of the guest, of the kernel or of a process.
struct Thread {
  int pid = 0;               ///< thread id
  std::string name;          ///< in full if the kernel keeps it (since 5.17); else at most 15 characters
  char state = '?';          ///< R running, S sleeping, D uninterruptible, I idle, P parked, Z zombie…
  int cpu = 0;               ///< the CPU it last ran on
  std::string allowed_cpus;  ///< list format: "0-3,7"
  bool kernel = false;       ///< a kernel thread
};

/// A loaded module.
struct Module {
  std::string name;
  std::uint64_t size = 0;  ///< bytes
  int users = 0;
  std::vector<std::string> used_by;
  std::string state;  ///< Live, Loading, Unloading
};

/// The result of a command.
struct CommandResult {
  int status = 0;  ///< 128 + N if signal N ended it
  std::string out, err;
  bool truncated = false;  ///< a stream was cut at 256 KiB
};

using Params = std::map<std::string, std::string>;

enum class Outcome { passed, failed, crashed, hung, leaked, errored };

/// The verdict on a guest.
struct Verdict {
  Outcome outcome = Outcome::errored;
  std::string text;    ///< why it did not pass, as kmodtest prints it; several lines, without a final newline
  std::string digest;  ///< SHA-256 of everything that the guest reported; empty unless under virtual time
  explicit operator bool() const { return outcome == Outcome::passed; }
};

/// A call that the guest could not carry out, or that comes too late because the guest is gone.
class KMODTEST_EXPORT Failure : public std::runtime_error {
 public:
  Failure(const std::string &text, std::source_location where) : std::runtime_error(text), where_(where) {}
  ~Failure() override;
  std::source_location where() const { return where_; }

 private:
  std::source_location where_;
};

/// A guest cannot be started: no QEMU, no kernel, or an impossible configuration. what() explains how to fix it.
class KMODTEST_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// A guest, from its start to its verdict. A call returns when the guest has carried it out, and otherwise throws
/// Failure with the text of `kmodtest run`, the line of the test, and the kernel's log. Deadlines count guest time.
/// Between two calls the guest is paused.
///
/// A process can only have one guest at a time. Not for several threads.
class KMODTEST_EXPORT Guest {
 public:
  using Here = std::source_location;

  /// Holds no guest.
  Guest();
  /// Starts a guest from its snapshot. `name` appears in messages. Throws Error.
  explicit Guest(const GuestSpec &spec, const Checks &checks = {}, const std::string &name = "guest");
  Guest(Guest &&) noexcept;
  Guest &operator=(Guest &&) noexcept;
  /// Ends the guest without a verdict.
  ~Guest();

  /// Returns whether the guest can be called: it is neither finished nor given up.
  bool alive() const;

  /// Loads a module: a .ko, or a folder with a Kbuild or Makefile, which is built against the guest's kernel. Searched
  /// for next to the calling source file, in the working directory, and in the folders of $KMODTEST_MODULES (separated
  /// by ':').
  void load(const std::filesystem::path &module, const Params &params = {}, Here here = Here::current());
  /// Loads a module, but does not treat a refusal as a failure. Returns the errno, 0 for success.
  int try_load(const std::filesystem::path &module, const Params &params = {}, Here here = Here::current());
  /// Unloads a module, given by the name in lsmod or by the argument of load() ("x.ko").
  void unload(const std::filesystem::path &module, Here here = Here::current());
  int try_unload(const std::filesystem::path &module, Here here = Here::current());

  /// Runs /bin/sh -c COMMAND (busybox) to its end, whatever its status.
  CommandResult exec(const std::string &command, std::chrono::milliseconds within = std::chrono::seconds(10),
                     Here here = Here::current());

  /// Reads a file below /proc, /sys, /dev or /tmp, at most 64 KiB. Returns it without trailing newlines.
  std::string read(const std::string &path, Here here = Here::current());
  /// Writes a file in one write(2).
  void write(const std::string &path, const std::string &content, Here here = Here::current());
  int try_write(const std::string &path, const std::string &content, Here here = Here::current());

  void online(int cpu, Here here = Here::current());
  void offline(int cpu, Here here = Here::current());

  /// Lets guest time pass.
  void sleep(std::chrono::microseconds duration, Here here = Here::current());
  /// Waits until a line of the log contains `text`; lines since the last call with an effect count. Returns the line.
  LogLine wait_for_log(const std::string &text, std::chrono::milliseconds within = std::chrono::seconds(5),
                       Here here = Here::current());
  /// Waits until there is a thread whose name matches the shell glob, or until there is none.
  Thread wait_for_thread(const std::string &glob, std::chrono::milliseconds within = std::chrono::seconds(5),
                         Here here = Here::current());
  void wait_for_no_thread(const std::string &glob, std::chrono::milliseconds within = std::chrono::seconds(5),
                          Here here = Here::current());

  /// Returns the kernel's log since the test's start.
  std::vector<LogLine> log() const;
  /// Returns the current threads of the kernel and of processes.
  std::vector<Thread> threads(Here here = Here::current());
  std::vector<Module> modules(Here here = Here::current());
  std::string kernel_release() const;

  /// Unloads the remaining modules and ends the guest. Does not throw Failure.
  Verdict finish(Here here = Here::current());

  /// Passes each later Failure to `tell`, which can throw something else, before it is thrown.
  void on_failure(void (*tell)(const Failure &));

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Ends the machine in which guests are restored. It is started again when needed; without this call it ends with the
/// process.
KMODTEST_EXPORT void end_machine() noexcept;

/// Returns whether a name matches a shell glob, as in `ps` of a plan.
KMODTEST_EXPORT bool fits_glob(const std::string &glob, const std::string &name);
/// Returns whether two lists ("0-3,7") name the same CPUs.
KMODTEST_EXPORT bool same_cpus(const std::string &left, const std::string &right);

KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const LogLine &line);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const Thread &thread);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const Module &module);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const CommandResult &result);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const GuestSpec &spec);

}  // namespace kmodtest
