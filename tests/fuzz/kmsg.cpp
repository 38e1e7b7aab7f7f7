// SPDX-License-Identifier: GPL-2.0-or-later
// Records of /dev/kmsg, separated by the ASCII record separator (0x1e), and the kernel reports in the log that they
// form.
#include "shared/kmsg.hpp"

#include <cctype>
#include <cstdio>
#include <string>
#include <vector>

#include "observe/reports/reports.hpp"
#include "property.hpp"

namespace {

using namespace kmodtest;

/// Returns the record that the kernel would write for a line (kernel: Documentation/ABI/testing/dev-kmsg).
std::string as_record(const wire::KernelLogLine &line) {
  std::string record = std::to_string(line.facility * 8 + line.level) + ',' + std::to_string(line.sequence) + ',' +
                       std::to_string(line.time.count()) + ",-";
  if (!line.caller.empty()) record += ",caller=" + line.caller;
  record += ';';
  for (const char c : line.text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isprint(byte) && c != '\\') {
      record += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      record += escaped;
    }
  }
  return record + '\n';
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  constexpr char kRecordSeparator = '\x1e';
  std::string_view rest = fuzz::as_text(data, size);
  std::vector<wire::KernelLogLine> log;
  while (!rest.empty()) {
    const std::size_t end = rest.find(kRecordSeparator);
    const auto line = shared::parse_kmsg(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (!line) continue;
    fuzz::require(line->level < 8, "a level is below 8");
    fuzz::require(line->time.count() >= 0, "no time is negative");
    fuzz::require(shared::parse_kmsg(as_record(*line)) == line, "a line survives being written as a record again");
    fuzz::require(shared::render_dmesg(*line).ends_with(line->text), "dmesg shows the text");
    log.push_back(*line);
  }

  const auto reports = observe::find_reports(log, {"ex7_4", "faulty_oops"});
  fuzz::require(reports.size() <= log.size(), "a line opens at most one report");
  for (const observe::KernelReport &report : reports) {
    fuzz::require(!report.lines.empty(), "a report has its opening line");
    fuzz::require(!report.kind.empty(), "a report has a kind");
    fuzz::require(!observe::describe(report).empty(), "a report can be described");
    (void)observe::is_complete(report);
  }
  return 0;
}
