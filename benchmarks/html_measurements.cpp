// SPDX-License-Identifier: GPL-2.0-or-later
// The page of `kmodtest run --html` by number of cases: its size, and the time until a browser shows it.
#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "measurements.hpp"

namespace kmodtest::bench {

Table measure_html(Bench &bench) {
  constexpr int kRounds = 7;
  Table table{"an HTML page in headless Chromium, by number of cases (seconds, MB)",
              {"cases", "file", "made", "interactive", "loaded", "a timeline", "a search"},
              {},
              "The cases are invented: 31 lines of log, 4 steps, 2 threads that run 780 times, every fifth a failure."};
  for (const int cases : {10, 100, 1000}) {
    const std::filesystem::path file = bench.scratch() / fmt::format("report-{}.html", cases);
    const ToolRun made = run_program(KMODTEST_SAMPLE_REPORT, {file.string(), std::to_string(cases)}, bench.scratch());
    if (made.exit_status != 0) throw std::runtime_error("sample_report failed: " + made.output);
    const std::string script = KMODTEST_SOURCE "/tests/e2e/html/measure.py";
    const ToolRun measured =
        run_program("/usr/bin/env", {"python3", "-B", script, file.string(), std::to_string(bench.rounds(kRounds))},
                    bench.scratch());
    if (measured.exit_status != 0) throw std::runtime_error("measure.py failed: " + measured.output);
    const auto figures = nlohmann::json::parse(measured.output);
    const auto of = [&figures](const char *name) { return seconds(figures.at(name).get<double>()); };
    table.rows.push_back({std::to_string(cases),
                          fmt::format("{:.2f}", static_cast<double>(std::filesystem::file_size(file)) / 1e6),
                          seconds(made.wall), of("interactive"), of("loaded"), of("timeline"), of("search")});
  }
  return table;
}

}  // namespace kmodtest::bench
