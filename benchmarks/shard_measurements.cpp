// SPDX-License-Identifier: GPL-2.0-or-later
// Many machines, with cases that never ran: the split, the merge, and how long nodes would take.
#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "measurements.hpp"

namespace kmodtest::bench {

namespace fs = std::filesystem;

namespace {

ToolRun invent(const Bench &bench, const std::vector<std::string> &words) {
  ToolRun run = run_program(KMODTEST_INVENTED_SHARDS, words, bench.scratch());
  if (run.exit_status != 0) throw std::runtime_error("invented_shards failed: " + run.output);
  return run;
}

nlohmann::json figures_of(const Bench &bench, const std::vector<std::string> &words) {
  return nlohmann::json::parse(invent(bench, words).output);
}

std::string ratio_of(const nlohmann::json &figures, const char *name) {
  return fmt::format("{:.3f}x", figures.at(name).get<double>());
}

std::string version_of(const Bench &bench) {
  const std::string text = run_program(bench.options().kmodtest, {"--version"}, bench.scratch()).output;
  const std::size_t end = text.find_last_not_of('\n');
  const std::size_t begin = text.rfind(' ', end);
  return text.substr(begin + 1, end - begin);
}

/// Merges the results with these options. Returns its cells: time, peak memory, and the size of its file.
std::vector<std::string> merge_with(const Bench &bench, const fs::path &results, const std::string &option) {
  const fs::path output = bench.scratch() / "merged";
  fs::remove(output);
  std::vector<std::string> words = {"merge", results.string()};
  if (!option.empty()) words.insert(words.end(), {option, output.string()});
  const ToolRun run = run_program(bench.options().kmodtest, words, bench.scratch());
  if (run.exit_status != 1) throw std::runtime_error("kmodtest merge failed: " + run.output.substr(0, 1'000));
  const double size = static_cast<double>(option.empty() ? run.output.size() : fs::file_size(output)) / 1e6;
  return {seconds(run.wall), mib(static_cast<double>(run.peak_kib)), fmt::format("{:.1f}", size)};
}

}  // namespace

Table measure_shards(Bench &bench) {
  Table table{
      "100,000 invented cases in shards: the longest shard over the mean one",
      {"shards", "split (s)", "with history (s)", "balance", "with history"},
      {},
      "The cases take 1.6 s on average, by a log-normal distribution; the next time, each takes a tenth more or less."};
  for (const int shards : {1, 10, 100, 1000}) {
    const auto figures = figures_of(bench, {"split", "100000", std::to_string(shards)});
    table.rows.push_back({std::to_string(shards), seconds(figures.at("split").get<double>()),
                          seconds(figures.at("split_with_history").get<double>()), ratio_of(figures, "balance"),
                          ratio_of(figures, "balance_with_history")});
  }
  return table;
}

Table measure_hosts(Bench &bench) {
  Table table{
      "1,000 invented cases on hosts that take one shard after the other: the end over the time of equal shares",
      {"hosts", "shards of each", "without history", "with history", "half of them slow", "and free ones help"},
      {},
      "A shard starts within a second, which is part of the figures. Slow hosts take twice as long; with history."};
  for (const int hosts : {2, 4, 8, 16}) {
    for (const int of_each : {1, 2, 4, 8, 16}) {
      const auto figures = figures_of(bench, {"hosts", "1000", std::to_string(hosts), std::to_string(hosts * of_each)});
      table.rows.push_back({std::to_string(hosts), std::to_string(of_each), ratio_of(figures, "without"),
                            ratio_of(figures, "with_history"), ratio_of(figures, "mixed"),
                            ratio_of(figures, "mixed_with_help")});
    }
  }
  return table;
}

Table measure_merge(Bench &bench) {
  Table table{"kmodtest merge, by number of invented cases and output (seconds, MiB, MB)",
              {"cases", "shards", "output", "time", "VmHWM", "size"},
              {},
              "The cases have 31 lines of log; one in 101 failed."};
  const std::string version = version_of(bench);
  for (const auto &[cases, shards] : {std::pair(1'000, 10), std::pair(10'000, 100), std::pair(100'000, 1'000)}) {
    const fs::path folder = bench.scratch() / "invented";
    invent(bench, {"write", std::to_string(cases), std::to_string(shards), folder.string(), version});
    for (const char *option : {"", "--junit", "--html", "--json", "--ktap", "--markdown"}) {
      std::vector<std::string> row = {std::to_string(cases), std::to_string(shards),
                                      *option == '\0' ? "terminal" : option + 2};
      for (std::string &cell : merge_with(bench, folder / "results", option)) row.push_back(std::move(cell));
      table.rows.push_back(std::move(row));
    }
    fs::remove_all(folder);
  }
  return table;
}

Table measure_nodes(Bench &bench) {
  Table table{"ten seed plans × 16 kernels × 1 to 64 CPUs on nodes like this machine, by simulation",
              {"nodes", "cases", "work (h)", "boots (h)", "first run (min)", "warm (min)", "warm, of the ideal"},
              {},
              "No node ran: these are sums of measured cases, by the assumptions above."};
  constexpr double kMinute = 60, kHour = 3600;
  for (const int nodes : {1, 10, 100, 1000}) {
    const auto figures = figures_of(bench, {"matrix", std::to_string(nodes)});
    const auto of = [&figures](const char *name) { return figures.at(name).get<double>(); };
    const double ideal = of("work") / 2 / nodes;
    table.rows.push_back({std::to_string(nodes), std::to_string(figures.at("cases").get<int>()),
                          fmt::format("{:.2f}", of("work") / kHour), fmt::format("{:.2f}", of("boots") / kHour),
                          fmt::format("{:.1f}", of("end_first") / kMinute), fmt::format("{:.1f}", of("end") / kMinute),
                          ratio(of("end"), ideal)});
  }
  return table;
}

}  // namespace kmodtest::bench
