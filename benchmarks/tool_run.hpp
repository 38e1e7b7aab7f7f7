// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

/// Runs the kmodtest program and measures it from outside.
namespace kmodtest::bench {

/// A case's figures from its CaseFinished event.
struct CaseFigures {
  std::string id;
  std::string outcome;
  double took = 0;                        ///< seconds
  std::map<std::string, double> timings;  ///< seconds: build, start, boot, restore, push, steps, stop, guest
  std::string digest;                     ///< of everything that the guest reported; empty under real time
  std::filesystem::path artifacts;        ///< the case's folder; empty without --out
};

/// The QEMUs of a run at one moment.
struct MemorySample {
  std::size_t guests = 0;
  long pss_kib = 0;  ///< of all of them together
};

/// The processes to sample while the program runs. Reading the memory of QEMUs stops them for moments, so only
/// measurements of memory do it.
enum class Watch { controller, guests };

struct ToolRun {
  int exit_status = -1;
  double wall = 0;                   ///< seconds
  long peak_kib = 0;                 ///< resident memory of the controller alone: neither QEMU nor a compiler counts
  std::string hypervisor;            ///< as kmodtest prints it
  std::vector<CaseFigures> cases;    ///< without skipped ones
  std::vector<MemorySample> memory;  ///< with Watch::guests
  std::string output;                ///< the output of the program
};

/// Thrown after Ctrl-C. Not a std::exception, because it is not a failure of one measurement.
struct Interrupted {};

/// Makes Ctrl-C end the current run, which receives the signal as well, and then the whole measurement: see
/// Interrupted.
void watch_interrupts();

/// Runs the program with the arguments plus --json and reads the events. Throws std::runtime_error if it cannot be
/// started or writes no events, Interrupted after Ctrl-C.
ToolRun run_tool(const std::filesystem::path &program, std::vector<std::string> arguments,
                 const std::filesystem::path &scratch, Watch watch = Watch::controller);

/// Runs any program to its end, with its output in a file in `scratch`. Measures only wall time, exit status and
/// output.
ToolRun run_program(const std::filesystem::path &program, const std::vector<std::string> &arguments,
                    const std::filesystem::path &scratch, Watch watch = Watch::controller);

/// A program that runs until interrupt() ends it.
class Background {
 public:
  Background(const std::filesystem::path &program, const std::vector<std::string> &arguments,
             const std::filesystem::path &scratch);
  ~Background();
  Background(const Background &) = delete;
  Background &operator=(const Background &) = delete;

  /// Waits until the program has printed the text that many times since its start. Returns the seconds since `start`.
  /// Throws std::runtime_error if the program ends, or does not print the text for a minute; Interrupted after Ctrl-C.
  double until_printed(const std::string &text, std::size_t times, std::chrono::steady_clock::time_point start) const;
  /// Sends SIGINT, waits for the end, and returns the exit status.
  int interrupt();

 private:
  std::filesystem::path output_;
  pid_t pid_;
};

/// Reads the cases from a file of --json.
ToolRun read_run(const std::filesystem::path &events);

}  // namespace kmodtest::bench
