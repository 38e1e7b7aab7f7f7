// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/reports/report_draft.hpp"

#include <algorithm>

#include "text/replace.hpp"

namespace kmodtest::observe {
namespace {

constexpr std::size_t kMostMemory = 16;  ///< lines of memory that a report keeps

bool is_rule(std::string_view text) {
  return text.starts_with("===================");
}

/// Returns true for a memory dump: "Object   ffff888005ddc604: 5a 5a 5a …" (kernel: print_section() in mm/slub.c).
bool is_memory(std::string_view text) {
  for (const std::string_view start : {"Redzone  ", "Object   ", "Padding  ", "Bytes b4 "}) {
    if (text.starts_with(start)) return true;
  }
  return false;
}

/// Returns true for the die counter: "Oops: 0002 [#1] PREEMPT SMP", "divide error: 0000 [#1]" (kernel: __die_header()).
bool kills(std::string_view text) {
  const std::size_t at = text.find(" [#");
  return at != std::string_view::npos && at + 3 < text.size() && text[at + 3] >= '0' && text[at + 3] <= '9';
}

}  // namespace

bool is_cut_here(const wire::KernelLogLine &line) {
  return line.facility == 0 && text::contains(line.text, kCutHere);
}

bool is_panic(std::string_view text) {
  return text.starts_with("Kernel panic - not syncing");
}

int rank_of(std::string_view text) {
  struct Ranked {
    std::string_view start;
    int rank;
  };
  static constexpr Ranked kRanks[] = {{"CPU: ", kCpuRank},
                                      {"Hardware name: ", 3},
                                      {"Workqueue: ", 4},
                                      {"RIP: ", 5},
                                      {"Code: ", 6},
                                      {"RSP: ", kRegistersRank},
                                      {"RAX: ", kRegistersRank},
                                      {"RDX: ", kRegistersRank},
                                      {"RBP: ", kRegistersRank},
                                      {"R10: ", kRegistersRank},
                                      {"R13: ", kRegistersRank},
                                      {"FS: ", kRegistersRank},
                                      {"CS: ", kRegistersRank},
                                      {"CR2: ", kRegistersRank},
                                      {"DR", kRegistersRank},
                                      {"PKRU: ", kRegistersRank},
                                      {"Call Trace:", kTraceRank},
                                      {" <TASK>", kTraceRank + 1},
                                      {" </TASK>", kTaskEndRank},
                                      {"---[ end trace", kTaskEndRank + 1}};
  for (const auto &ranked : kRanks) {
    if (text.starts_with(ranked.start)) return ranked.rank;
  }
  return text.starts_with(' ') && parse_frame(text) ? kFrameRank : kNoRank;
}

std::string pid_in(std::string_view text) {
  std::size_t at = std::string_view::npos;
  if (text.starts_with("CPU: ") || text.starts_with("WARNING: CPU: ")) {
    at = text.find("PID: ");
    if (at != std::string_view::npos) at += 5;
  } else if (text.starts_with("WARNING: ") && text::contains(text, ", CPU#")) {
    at = text.rfind('/') + 1;
  }
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at);
  return std::string(text.substr(0, text.find_first_not_of("0123456789")));
}

std::string task_in(std::string_view text) {
  constexpr std::string_view kName = " Comm: ";
  const std::size_t at = text.find(kName);
  if (!text.starts_with("CPU: ") || at == std::string_view::npos) return {};
  text.remove_prefix(at + kName.size());
  return std::string(text.substr(0, std::min(text.find(" Tainted: "), text.find(" Not tainted"))));
}

bool ends_here(const Draft &draft, std::string_view text) {
  switch (draft.end()) {
    case ReportEnd::trace:
      return text::contains(text, "---[ end trace");
    case ReportEnd::stack:
      return text == " </TASK>" || text == "</TASK>" || text::contains(text, "---[ end trace");
    case ReportEnd::rule:
      return is_rule(text) || text::contains(text, "---[ end trace");
    case ReportEnd::panic:
      return text::contains(text, "---[ end Kernel panic");
    case ReportEnd::at_once:
      return text == " </TASK>";
  }
  return false;
}

bool Draft::take(const wire::KernelLogLine &line) {
  last = line.time;
  // A slab report dumps pages of memory.
  if (!is_memory(line.text) || ++dumped <= kMostMemory) report.lines.push_back(line);
  cut_here = cut_here || is_cut_here(line);
  if (const auto *row = find_signature(line)) {
    if (signature == nullptr) name(*row, line);
    report.fatal = report.fatal || row->fatal;
  }
  // KASAN reads its shadow first, whose address is not canonical for a NULL pointer (kernel: mm/kasan/report.c,
  // kasan_non_canonical_hook()).
  if (report.kind == "general protection fault" && line.text.starts_with("KASAN: null-ptr-deref in range"))
    report.kind = "NULL pointer dereference";
  // A report of an unknown kind gets its first line with words as title.
  if (signature == nullptr && report.title.empty() && !is_cut_here(line)) report.title = line.text;
  report.killed = report.killed || kills(line.text);
  if (text::contains(line.text, "Call Trace:")) in_stack = true;
  if (in_stack && parse_frame(line.text)) frames = true;
  if (line.text == " <TASK>") task_marker = true;
  if (pid.empty()) pid = pid_in(line.text);
  if (report.task.empty()) report.task = task_in(line.text);
  rank = std::max(rank, rank_of(line.text));
  return ends_here(*this, line.text);
}

}  // namespace kmodtest::observe
