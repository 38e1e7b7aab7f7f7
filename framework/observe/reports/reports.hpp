// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// The catalogue of kernel reports ("splats"): the kernel's output about a defect.
namespace kmodtest::observe {

enum class ReportClass {
  crash,    ///< oops, panic, BUG, KASAN, WARNING, list corruption…: the outcome Crashed
  stall,    ///< RCU stall, soft lockup, hung task, workqueue lockup: the outcome Hung
  leftover  ///< the kernel noticed a leftover of an unload: the outcome Leaked
};

/// One report found in a log.
struct KernelReport {
  ReportClass report_class = ReportClass::crash;
  std::string kind;    ///< "NULL pointer dereference", "WARNING", "soft lockup"…
  std::string title;   ///< the opening line
  std::string where;   ///< "ex_fault_write+0x1c" of the first frame in a module under test, else of the first that is
                       ///< not a helper
  std::string module;  ///< "faulty_oops", or empty when `where` is in the kernel
  std::string
      mentions;        ///< then: "ex_exit+0x10 [ex]", a place in a module under test that can be left over on the stack
  std::string task;    ///< the name of the task that ran: "insmod"; empty if the report does not say it
  bool fatal = false;  ///< the guest cannot go on (panic, double fault)
  bool killed = false;                     ///< the kernel killed the running process ("Oops: 0002 [#1] …")
  bool task_sleeps = false;                ///< it is about a task that sleeps and can wake up (hung task)
  std::vector<wire::KernelLogLine> lines;  ///< from the opening line to the end of the report
  std::vector<std::string> accesses = {};  ///< what the module did, if the kernel has no lines about it (a data race)
  std::optional<std::size_t> step = {};    ///< then: the step of the case during which it was found
  std::string hint = {};                   ///< then: how to repair it
};

/// The address range where a module, or a section of it, is or was loaded.
struct ModuleRange {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t size = 0;    ///< from /proc/modules; of a section 0 until it is known
  std::string section = {};  ///< empty: the module as a whole
  bool operator==(const ModuleRange &) const = default;
};

/// Returns whether this line opens a report (case matters: "BUG:" does, "MP-BIOS bug:" does not).
bool opens_report(const wire::KernelLogLine &line);

/// Returns all reports of a log, in the order of their opening lines. Groups lines by printk caller if the kernel
/// prints it. `modules` are the modules under test. `loaded` finds the module of an address in code that is no longer
/// loaded.
std::vector<KernelReport> find_reports(const std::vector<wire::KernelLogLine> &log,
                                       const std::vector<std::string> &modules,
                                       const std::vector<ModuleRange> &loaded = {});

/// Returns true if the report's last line was seen ("---[ end trace", "---[ end Kernel panic", "</TASK>"…): no need to
/// wait.
bool is_complete(const KernelReport &report);

/// Returns true for a report of nothing but the words of a panic. A module can print them as well: then the guest lives
/// on.
bool is_plain_panic(const KernelReport &report);

/// Returns the summary without the outcome word: "NULL pointer dereference in ex_fault_write+0x1c [faulty_oops]", or "…
/// in kthread_stop+0x1a (its stack mentions ex_exit+0x10 [ex])".
std::string describe(const KernelReport &report);

/// Returns the lines with which the module loader explains why it refused a module (another version magic, an unknown
/// symbol…), in order.
std::vector<std::string> find_refusals(const std::vector<wire::KernelLogLine> &log);

/// Returns the lines of a console's output that have the kernel's time stamp ("[    5.140900] text") as log lines.
/// Sequences count from 0. The level is 4 (warning), because a console does not show it.
std::vector<wire::KernelLogLine> parse_console(std::string_view console);

/// Returns letters and meanings of /proc/sys/kernel/tainted (kernel: Documentation/admin-guide/tainted-kernels.rst).
std::string render_taint(std::uint64_t taint);
/// Returns the letter of a bit of it; '?' if the bit has no known meaning.
char taint_letter(unsigned bit);

}  // namespace kmodtest::observe
