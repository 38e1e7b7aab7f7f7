// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// The catalogue of kernel reports ("splats"): what the kernel prints when it found a defect.
namespace kmodtest::observe {

enum class ReportClass {
  crash,    ///< oops, panic, BUG, KASAN, WARNING, list corruption…: the outcome Crashed
  stall,    ///< RCU stall, soft lockup, hung task, workqueue lockup: the outcome Hung
  leftover  ///< what an unload left behind and the kernel noticed: the outcome Leaked
};

/// One report found in a log.
struct KernelReport {
  ReportClass report_class = ReportClass::crash;
  std::string kind;   ///< "NULL pointer dereference", "WARNING", "soft lockup"…
  std::string title;  ///< the opening line
  std::string
      where;  ///< "ex_fault_write+0x1c" of the first frame in a module under test, else of the first that is no helper
  std::string module;                      ///< "faulty_oops", or empty when `where` is in the kernel
  bool fatal = false;                      ///< the guest cannot go on (panic, double fault)
  bool killed = false;                     ///< the kernel killed who was running ("Oops: 0002 [#1] …")
  std::vector<wire::KernelLogLine> lines;  ///< from the opening line to the end of the report
};

/// Where the kernel has, or had, a module.
struct ModuleRange {
  std::string name;
  std::uint64_t address = 0, size = 0;  ///< as /proc/modules says
};

/// Whether this line opens a report (case matters: "BUG:" does, "MP-BIOS bug:" does not).
bool opens_report(const wire::KernelLogLine &line);

/// All reports of a log, in order of their opening lines. Lines are grouped by printk caller where the kernel gives it.
/// `modules` are the modules under test; with `loaded`, an address in code that is gone has its module.
std::vector<KernelReport> find_reports(const std::vector<wire::KernelLogLine> &log,
                                       const std::vector<std::string> &modules,
                                       const std::vector<ModuleRange> &loaded = {});

/// True when the report's last line was seen ("---[ end trace", "---[ end Kernel panic", "</TASK>"…): no need to wait.
bool is_complete(const KernelReport &report);

/// "Crashed: NULL pointer dereference in ex_fault_write+0x1c [faulty_oops]" without the outcome word.
std::string describe(const KernelReport &report);

/// Lines with which the module loader says why it refused a module (another version magic, an unknown symbol…), in
/// order.
std::vector<std::string> find_refusals(const std::vector<wire::KernelLogLine> &log);

/// The lines of a console's output that have the kernel's time stamp ("[    5.140900] text"), as log lines. Sequences
/// count from 0; the level, which a console does not show, is 4 (warning).
std::vector<wire::KernelLogLine> parse_console(std::string_view console);

/// Letters and meanings of /proc/sys/kernel/tainted (kernel: Documentation/admin-guide/tainted-kernels.rst).
std::string render_taint(std::uint64_t taint);

}  // namespace kmodtest::observe
