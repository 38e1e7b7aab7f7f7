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

/// A pristine Linux guest for a test in C++: load modules into it, look what they do, and have it judged as `kmodtest
/// run` judges a plan. docs/guide/cpp.md is the guide; gtest.hpp has a fixture for GoogleTest and matchers.hpp what to
/// expect of what a guest says.
namespace kmodtest {

/// How the guest's clock goes.
enum class Time {
  automatic,     ///< virtual_time wherever the guest is emulated, real_time under KVM
  virtual_time,  ///< counts the guest's instructions: it stands still between two calls, and what happens repeats
  real_time,     ///< the host's
};

/// A NUMA node of a guest.
struct NumaNode {
  std::string cpus;  ///< list format, such as "0-1"
  std::uint32_t memory_mib = 0;
};

/// What a guest is made of. Guests that are alike are booted once and restored for ever after.
struct GuestSpec {
  int cpus = 1;
  std::string topology{};  ///< SOCKETSxCORESxTHREADS, such as "2x4x1", whose product is `cpus`; empty: not said
  std::uint32_t memory_mib = 256;
  std::vector<NumaNode> numa{};         ///< empty: one node
  std::string kernel{};                 ///< a name of the catalogue, a bzImage's path, or "host"; empty: the default
  std::filesystem::path modules_dir{};  ///< lib/modules/RELEASE of a kernel that is given by its path
  std::filesystem::path headers{};      ///< what modules are built against for such a kernel
  std::string append{};                 ///< further words for the kernel's command line
  Time time = Time::automatic;
  std::uint64_t seed = 0;  ///< under virtual time: other random numbers, another start within 4 ms; 0: none
  /// Guest time for the whole test; under real time for each call.
  std::chrono::milliseconds timeout{60'000};
};

/// What is checked of every guest at its end, beyond what the test says.
struct Checks {
  bool reports = true;    ///< no kernel report: panic, oops, BUG, WARNING, stall…
  bool taint = true;      ///< no taint but a module's own
  bool leftovers = true;  ///< nothing is left of a module after its unload
  bool unload = true;     ///< unload at the end what is loaded still
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
  std::string name;          ///< in full, where the kernel keeps that (since 5.17); else at most 15 characters
  char state = '?';          ///< R running, S sleeping, D uninterruptible, I idle, P parked, Z zombie…
  int cpu = 0;               ///< it last ran on
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

/// What a command came to.
struct CommandResult {
  int status = 0;  ///< 128 + N where signal N ended it
  std::string out, err;
  bool truncated = false;  ///< the streams are cut at 256 KiB each
};

using Params = std::map<std::string, std::string>;

enum class Outcome { passed, failed, crashed, hung, leaked, errored };

/// What came of a guest.
struct Verdict {
  Outcome outcome = Outcome::errored;
  std::string text;    ///< why it did not pass, in the tool's words; several lines, without a final newline
  std::string digest;  ///< SHA-256 of all that the guest reported; empty unless under virtual time
  explicit operator bool() const { return outcome == Outcome::passed; }
};

/// Of a call that the guest could not carry out, or that is not to be carried out any more: the guest is gone.
class KMODTEST_EXPORT Failure : public std::runtime_error {
 public:
  Failure(const std::string &text, std::source_location where) : std::runtime_error(text), where_(where) {}
  ~Failure() override;
  std::source_location where() const { return where_; }

 private:
  std::source_location where_;
};

/// We could not even try: no QEMU, no kernel, a guest that nobody can have. what() says how to mend it.
class KMODTEST_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// A guest, from its restoring to its verdict. Calls come back when the guest has done what they ask, and throw Failure
/// when it did not: with the words of `kmodtest run`, the line of the test, and the kernel's log. Deadlines count
/// guest time. Between two calls the guest stands still.
///
/// A process has one at a time. Not for several threads.
class KMODTEST_EXPORT Guest {
 public:
  using Here = std::source_location;

  /// No guest.
  Guest();
  /// Restores one. `name` is for messages. Throws Error.
  explicit Guest(const GuestSpec &spec, const Checks &checks = {}, const std::string &name = "guest");
  Guest(Guest &&) noexcept;
  Guest &operator=(Guest &&) noexcept;
  /// Ends it without a verdict.
  ~Guest();

  /// Whether it can be called: neither finished nor given up.
  bool alive() const;

  /// Loads a module: a .ko, or a folder with a Kbuild or Makefile, which is built against the guest's kernel. Looked
  /// for beside the file that calls, in the working directory, and in the folders of $KMODTEST_MODULES (separated by
  /// ':').
  void load(const std::filesystem::path &module, const Params &params = {}, Here here = Here::current());
  /// The same where a refusal is no failure: the errno, 0 for success.
  int try_load(const std::filesystem::path &module, const Params &params = {}, Here here = Here::current());
  /// By the name that lsmod shows, or what was loaded ("x.ko").
  void unload(const std::filesystem::path &module, Here here = Here::current());
  int try_unload(const std::filesystem::path &module, Here here = Here::current());

  /// Runs /bin/sh -c COMMAND (busybox) to its end, whatever its status.
  CommandResult exec(const std::string &command, std::chrono::milliseconds within = std::chrono::seconds(10),
                     Here here = Here::current());

  /// A file below /proc, /sys, /dev or /tmp, at most 64 KiB, without trailing newlines.
  std::string read(const std::string &path, Here here = Here::current());
  /// In one write(2).
  void write(const std::string &path, const std::string &content, Here here = Here::current());
  int try_write(const std::string &path, const std::string &content, Here here = Here::current());

  void online(int cpu, Here here = Here::current());
  void offline(int cpu, Here here = Here::current());

  /// Lets guest time pass.
  void sleep(std::chrono::microseconds duration, Here here = Here::current());
  /// Waits until a line of the log has `text` in it; lines since the last call that did something count. Returns the
  /// line.
  LogLine wait_for_log(const std::string &text, std::chrono::milliseconds within = std::chrono::seconds(5),
                       Here here = Here::current());
  /// Waits until there is a thread whose name fits the shell glob, or none any more.
  Thread wait_for_thread(const std::string &glob, std::chrono::milliseconds within = std::chrono::seconds(5),
                         Here here = Here::current());
  void wait_for_no_thread(const std::string &glob, std::chrono::milliseconds within = std::chrono::seconds(5),
                          Here here = Here::current());

  /// The kernel's log since the test's start.
  std::vector<LogLine> log() const;
  /// Of the kernel and of processes, as they are now.
  std::vector<Thread> threads(Here here = Here::current());
  std::vector<Module> modules(Here here = Here::current());
  std::string kernel_release() const;

  /// Unloads what is left and ends the guest. Does not throw Failure.
  Verdict finish(Here here = Here::current());

  /// From now on a Failure is handed to `tell`, which may throw something else, before it is thrown.
  void on_failure(void (*tell)(const Failure &));

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Ends the machine that guests are restored in. It is started again when it is needed; without this call it ends with
/// the process.
KMODTEST_EXPORT void end_machine() noexcept;

/// Whether a name fits a shell glob, as `ps` of a plan takes it.
KMODTEST_EXPORT bool fits_glob(const std::string &glob, const std::string &name);
/// Whether two lists ("0-3,7") name the same CPUs.
KMODTEST_EXPORT bool same_cpus(const std::string &left, const std::string &right);

KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const LogLine &line);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const Thread &thread);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const Module &module);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const CommandResult &result);
KMODTEST_EXPORT std::ostream &operator<<(std::ostream &to, const GuestSpec &spec);

}  // namespace kmodtest
