// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <iterator>

#include "report/coverage/coverage_files.hpp"

namespace kmodtest::report {
namespace {

/// Writes one record of the format, a line.
class Records {
 public:
  template <class... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments &&...arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_functions(const observe::FileCoverage &file, const observe::Share &functions, Records &records) {
  for (const auto &[name, function] : file.functions) records.add("FN:{},{}", function.line, name);
  for (const auto &[name, function] : file.functions) records.add("FNDA:{},{}", function.times, name);
  records.add("FNF:{}", functions.all);
  records.add("FNH:{}", functions.done);
}

void add_branches(const observe::FileCoverage &file, const observe::Share &branches, Records &records) {
  for (const auto &[number, line] : file.lines) {
    for (std::size_t block = 0; block < line.jumps.size(); ++block) {
      const observe::JumpCount &jump = line.jumps[block];
      const bool reached = jump.taken + jump.fell > 0;
      records.add("BRDA:{},{},0,{}", number, block, reached ? std::to_string(jump.taken) : "-");
      records.add("BRDA:{},{},1,{}", number, block, reached ? std::to_string(jump.fell) : "-");
    }
  }
  records.add("BRF:{}", branches.all);
  records.add("BRH:{}", branches.done);
}

}  // namespace

std::string lcov_tracefile(const observe::Coverage &coverage) {
  Records records;
  for (const auto &[path, file] : coverage.files) {
    const observe::CoverageTotals totals = observe::totals_of(file);
    records.add("TN:");
    records.add("SF:{}", path);
    add_functions(file, totals.functions, records);
    add_branches(file, totals.branches, records);
    for (const auto &[number, line] : file.lines) records.add("DA:{},{}", number, line.times);
    records.add("LF:{}", totals.lines.all);
    records.add("LH:{}", totals.lines.done);
    records.add("end_of_record");
  }
  return records.take();
}

}  // namespace kmodtest::report
