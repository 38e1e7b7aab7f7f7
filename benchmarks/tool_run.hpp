// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

/// One run of the kmodtest program, measured from outside.
namespace kmodtest::bench {

/// A case's figures as its CaseFinished event has them.
struct CaseFigures {
  std::string id;
  std::string outcome;
  double took = 0;                        ///< seconds
  std::map<std::string, double> timings;  ///< seconds: build, start, boot, restore, push, steps, stop, guest
  std::string digest;                     ///< of all that the guest reported; empty: of real time
  std::filesystem::path artifacts;        ///< the case's folder; empty without --out
};

/// The QEMUs of a run at one moment.
struct MemorySample {
  std::size_t guests = 0;
  long pss_kib = 0;  ///< of all of them together
};

/// What is looked at while the program runs. Reading the memory of QEMUs stops them for moments, so only a run that is
/// about memory does it.
enum class Watch { controller, guests };

struct ToolRun {
  int exit_status = -1;
  double wall = 0;                   ///< seconds
  long peak_kib = 0;                 ///< resident memory of the controller alone: neither QEMU nor a compiler counts
  std::string hypervisor;            ///< in the tool's own words
  std::vector<CaseFigures> cases;    ///< without those that were skipped
  std::vector<MemorySample> memory;  ///< with Watch::guests
  std::string output;                ///< what it printed
};

/// Ctrl-C was pressed. No std::exception: it is no failure of one measurement.
struct Interrupted {};

/// From here on Ctrl-C ends the present run, which hears of it by itself, and then the measuring: see Interrupted.
void watch_interrupts();

/// Runs the program with the arguments plus --json and reads the events. Throws std::runtime_error when it cannot be
/// started or writes no events, Interrupted after Ctrl-C.
ToolRun run_tool(const std::filesystem::path &program, std::vector<std::string> arguments,
                 const std::filesystem::path &scratch, Watch watch = Watch::controller);

/// Runs any program to its end, its output into a file in `scratch`. Gives wall time, exit status and output alone.
ToolRun run_program(const std::filesystem::path &program, const std::vector<std::string> &arguments,
                    const std::filesystem::path &scratch, Watch watch = Watch::controller);

/// A program that goes on until it is told to end.
class Background {
 public:
  Background(const std::filesystem::path &program, const std::vector<std::string> &arguments,
             const std::filesystem::path &scratch);
  ~Background();
  Background(const Background &) = delete;
  Background &operator=(const Background &) = delete;

  /// Waits until the program has printed the text so often since its start; returns the seconds since `start`. Throws
  /// std::runtime_error when it ends, or does not print it for a minute, Interrupted after Ctrl-C.
  double until_printed(const std::string &text, std::size_t times, std::chrono::steady_clock::time_point start) const;
  /// Sends SIGINT and waits; returns the exit status.
  int interrupt();

 private:
  std::filesystem::path output_;
  pid_t pid_;
};

/// The cases of a file of --json.
ToolRun read_run(const std::filesystem::path &events);

}  // namespace kmodtest::bench
