// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "observe/reports/reports.hpp"
#include "observe/reports/reports_catalogue.hpp"

/// One kernel report while its lines arrive.
namespace kmodtest::observe {

/// Returns true for the kernel's own "------------[ cut here ]------------".
bool is_cut_here(const wire::KernelLogLine &line);
bool is_panic(std::string_view text);

/// Ranks of a report's parts. A kernel without printk callers interleaves the reports of several CPUs; the lines of
/// each have this order (kernel: show_regs() and dump_stack_print_info()).
inline constexpr int kNoRank = -1, kOpening = 0, kCpuRank = 2, kRegistersRank = 7, kTraceRank = 8, kFrameRank = 10,
                     kTaskEndRank = 11;
int rank_of(std::string_view text);

/// Returns "77" for "CPU: 1 PID: 77 Comm: ex", for "WARNING: CPU: 1 PID: 77 at …" and for "WARNING: … at …, CPU#1:
/// ex/77" (newer kernels); empty for other lines.
std::string pid_in(std::string_view text);

/// Returns "insmod" for "CPU: 1 PID: 77 Comm: insmod Tainted: G …"; empty for other lines.
std::string task_in(std::string_view text);

/// One report while its lines arrive.
struct Draft {
  KernelReport report;
  const Signature *signature = nullptr;  ///< null: not known yet (after "cut here"), or of an unknown kind
  bool cut_here = false;
  bool in_stack = false;
  bool frames = false;
  bool task_marker = false;  ///< "<TASK>" was seen: "</TASK>" will follow
  int rank = kOpening;
  std::string pid;
  wire::Microseconds last{0};  ///< time of the last line
  std::size_t dumped = 0;      ///< lines of memory

  ReportEnd end() const {
    if (report.fatal) return ReportEnd::panic;
    if (signature == nullptr) return cut_here ? ReportEnd::trace : ReportEnd::stack;
    return cut_here ? ReportEnd::trace : signature->end;
  }
  bool harmless() const { return signature != nullptr && signature->harmless; }
  void name(const Signature &row, const wire::KernelLogLine &line) {
    signature = &row;
    report.report_class = row.report_class;
    report.kind = kind_of(row, line.text);
    report.task_sleeps = row.task_sleeps;
    report.title = line.text;
    report.fatal = report.fatal || row.fatal;
  }
  /// Adds the line; returns true if it is the last one.
  bool take(const wire::KernelLogLine &line);
};

/// Returns whether a report with these lines so far ends with this one.
bool ends_here(const Draft &draft, std::string_view text);

}  // namespace kmodtest::observe
