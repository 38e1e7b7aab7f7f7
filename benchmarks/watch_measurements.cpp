// SPDX-License-Identifier: GPL-2.0-or-later
// The time from a saved file to the verdict.
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBytes = 1000;  ///< of the module's data
constexpr int kMostRounds = 20;       ///< each compiles

std::string content_of(const fs::path &file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

struct Saves {
  std::vector<double> to_verdict;  ///< seconds
  std::vector<double> build;       ///< the part until the case had everything that it needs: mainly make
};

/// Watches the plan, saves a file the given number of times, and waits for the summary each time. `thought` is the
/// pause between the end of a run and the next save.
Saves save_and_wait(const Bench &bench, const fs::path &plan, const std::string &summary, int rounds,
                    std::chrono::seconds thought, const std::function<void(int round)> &save_it) {
  const fs::path events = bench.scratch() / "watch.jsonl";
  Background watch(bench.options().kmodtest, {"watch", plan.string(), "--json", events.string()}, bench.scratch());
  const std::string idle = "Watching ";
  Saves saves;
  watch.until_printed(idle, 1, Clock::now());
  for (int round = 1; round <= rounds; ++round) {
    std::this_thread::sleep_for(thought);
    const auto start = Clock::now();
    save_it(round);
    const auto times = static_cast<std::size_t>(round) + 1;
    saves.to_verdict.push_back(watch.until_printed(summary, times, start));
    watch.until_printed(idle, times, start);
    saves.build.push_back(largest(figures(read_run(events), "build")));
  }
  if (const int status = watch.interrupt(); status != 130) throw std::runtime_error(fmt::format("exit {}", status));
  return saves;
}

}  // namespace

Table measure_watch(Bench &bench) {
  const int rounds = bench.rounds(kMostRounds);
  Table table{fmt::format("watch: from a saved file to the verdict, {} saves each (seconds)", rounds),
              {"saved", "cases", "to verdict", "best", "worst", "build", "less build", "worst"},
              {},
              {}};
  const fs::path folder = bench.scratch() / "watch";
  const fs::path source = folder / "modules/watched/watched.c";
  write_module(folder, "watched", kBytes);
  const std::string text = content_of(source);
  int version = 0;  // always a new one: code that was compiled before would not be compiled again
  const auto save_source = [&](int) { save(source, fmt::format("{}/* {} */\n", text, ++version)); };

  const auto add = [&](const char *what, const char *cpus, const char *cases, const std::string &outcome,
                       const std::string &last_step, bool compiles, std::chrono::seconds thought = {}) {
    const fs::path plan = write_plan(folder, "watched", 1, cpus);
    const std::string steps = content_of(plan) + last_step;
    save(plan, steps);
    const auto save_plan = [&](int round) { save(plan, fmt::format("{}# {}\n", steps, round)); };
    const std::string summary = fmt::format("{}: {} {} in ", cases, std::string(cases).substr(0, 1), outcome);
    const Saves saves = compiles ? save_and_wait(bench, plan, summary, rounds, thought, save_source)
                                 : save_and_wait(bench, plan, summary, rounds, thought, save_plan);
    std::vector<double> less;
    for (std::size_t round = 0; round < saves.build.size(); ++round) {
      less.push_back(saves.to_verdict[round] - saves.build[round]);
    }
    table.rows.push_back({what, cases, seconds(median(saves.to_verdict)), seconds(smallest(saves.to_verdict)),
                          seconds(largest(saves.to_verdict)), seconds(median(saves.build)), seconds(median(less)),
                          seconds(largest(less))});
  };
  add("the plan, 1 CPU", "cpus: 1", "1 case", "passed", "", false);
  add("the plan, 4 CPUs", "cpus: 4", "1 case", "passed", "", false);
  add("the plan, 1 and 4 CPUs", "cpus: [1, 4]", "2 cases", "passed", "", false);
  add("the module, 1 CPU", "cpus: 1", "1 case", "passed", "", true);
  add("the module, 1 and 4 CPUs", "cpus: [1, 4]", "2 cases", "passed", "", true);
  // The QEMU of a crashed guest is not used again: a save right after the verdict waits for a new one.
  const std::string panic = "  - run: {command: echo c > /proc/sysrq-trigger, background: true}\n  - sleep: 1s\n";
  add("the plan, each panics", "cpus: 1", "1 case", "crashed", panic, false);
  add("the plan, each panics; 2 s later", "cpus: 1", "1 case", "crashed", panic, false, std::chrono::seconds(2));
  return table;
}

}  // namespace kmodtest::bench
