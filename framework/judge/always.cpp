// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/always.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <set>
#include <string_view>
#include <utility>

#include "judge/expected.hpp"
#include "judge/makers.hpp"
#include "judge/races.hpp"
#include "judge/unreferenced.hpp"
#include "judge/wrong_frees.hpp"
#include "shared/kmsg.hpp"
#include "shared/pattern.hpp"
#include "text/module_name.hpp"

namespace kmodtest::judge {
namespace {

using observe::KernelReport;
using observe::ReportClass;

// Bits of /proc/sys/kernel/tainted (kernel: Documentation/admin-guide/tainted-kernels.rst).
constexpr std::uint64_t bit(unsigned number) {
  return std::uint64_t{1} << number;
}
constexpr std::uint64_t kProprietary = bit(0), kForcedUnload = bit(3), kBadPage = bit(5), kDied = bit(7),
                        kWarned = bit(9), kStaging = bit(10), kOutOfTree = bit(12), kUnsigned = bit(13),
                        kSoftLockup = bit(14), kLivePatched = bit(15), kTested = bit(18);
/// The taints that accompany a kernel report.
constexpr std::uint64_t kOfReports = kBadPage | kDied | kWarned | kSoftLockup;

bool ended_badly(Ending::Kind kind) {
  return kind == Ending::Kind::panicked || kind == Ending::Kind::guest_reset || kind == Ending::Kind::guest_gone ||
         kind == Ending::Kind::channel_broken || kind == Ending::Kind::silent || kind == Ending::Kind::stuck;
}

/// Returns the taint that describes the kind of the modules under test, and no defect. A kernel test marks itself, or
/// is marked by KUnit (kernel: check_modinfo() in kernel/module/main.c, lib/kunit/test.c).
std::uint64_t own_taint(const std::vector<kernel::ModuleInfo> &modules) {
  std::uint64_t own = kOutOfTree | kUnsigned | kStaging | kTested;
  for (const auto &module : modules) {
    if (module.field("livepatch")) own |= kLivePatched;
  }
  return own;
}

/// Returns "ex has the license 'Proprietary'" for the modules with a licence that taints (kernel:
/// include/linux/license.h).
std::string proprietary_modules(const std::vector<kernel::ModuleInfo> &modules) {
  static constexpr std::array kCompatible = {"GPL",          "GPL v2",       "GPL and additional rights",
                                             "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};
  std::string words;
  for (const auto &module : modules) {
    const auto license = module.field("license");
    if (license && std::find(kCompatible.begin(), kCompatible.end(), *license) != kCompatible.end()) continue;
    if (!words.empty()) words += ", ";
    words += module.name + (license ? " has the license '" + *license + "'" : " has no license");
  }
  return words;
}

/// Removes the taint that the plan allows by its letters ("taint:P").
std::uint64_t without_allowed(std::uint64_t taint, const plan::Checks &checks) {
  for (unsigned number = 0; number < 64; ++number) {
    const std::string name = std::string("taint:") + observe::taint_letter(number);
    if (any_matches(checks.allow, name)) taint &= ~bit(number);
  }
  return taint;
}

bool forces_unload(const plan::Case &test_case) {
  return std::any_of(test_case.steps.begin(), test_case.steps.end(), [](const plan::Step &step) {
    const auto *unload = step.guest ? std::get_if<wire::Unload>(&step.guest->body) : nullptr;
    return unload != nullptr && unload->force;
  });
}

/// Returns the case's own part of the console: if the guest was booted for its case, its boot is there as well.
std::vector<wire::KernelLogLine> console_of(const CaseView &view) {
  auto log = observe::parse_console(view.seen.console);
  if (view.begin < view.log.size() && shared::is_marker(view.log[view.begin])) {
    const auto start = view.log[view.begin].time;
    std::erase_if(log, [start](const wire::KernelLogLine &line) { return line.time < start; });
  }
  return log;
}

/// Less than this is a difference between the clocks of kernel log and guest.
constexpr std::chrono::milliseconds kClear{10};

/// Returns when the last module under test that was still loaded when the report came had been unloaded; nothing if
/// one was loaded.
std::optional<wire::Microseconds> unloaded_before(const CaseView &view, const KernelReport &report) {
  const auto came = report.lines.front().time;
  std::set<std::string> loaded;
  std::optional<wire::Microseconds> unloaded;
  bool emptied = false;
  for (const auto &message : view.seen.messages) {
    if (const auto *load = std::get_if<wire::Loaded>(&message); load && load->error == 0) {
      loaded.insert(load->module);
      unloaded.reset();
    } else if (const auto *unload = std::get_if<wire::Unloaded>(&message); unload && unload->error == 0) {
      emptied = loaded.erase(unload->module) > 0 && loaded.empty();
    } else if (const auto *end = std::get_if<wire::StepEnded>(&message); end && std::exchange(emptied, false)) {
      if (end->time > came) break;
      unloaded = end->time;
    }
  }
  return unloaded;
}

/// Returns ", 3 s after the unload" for a report that came when no module under test was loaded any more.
std::string after_the_unload(const CaseView &view, const KernelReport &report) {
  if (report.lines.empty()) return {};
  const auto unloaded = unloaded_before(view, report);
  if (!unloaded || report.lines.front().time - *unloaded < kClear) return {};
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(report.lines.front().time - *unloaded);
  return fmt::format(", {:.2g} s after the unload", std::chrono::duration<double>(since).count());
}

std::size_t lines_in(const std::vector<KernelReport> &reports) {
  std::size_t lines = 0;
  for (const auto &report : reports) lines += report.lines.size();
  return lines;
}

}  // namespace

std::vector<std::string> module_names(const plan::Case &test_case) {
  std::vector<std::string> names;
  for (const auto &module : test_case.modules) names.push_back(text::lsmod_name(module.name));
  return names;
}

Outcome outcome_of(ReportClass report_class) {
  switch (report_class) {
    case ReportClass::crash:
      return Outcome::crashed;
    case ReportClass::stall:
      return Outcome::hung;
    case ReportClass::leftover:
      return Outcome::leaked;
  }
  return Outcome::crashed;
}

bool is_intolerable(const plan::Checks &checks, ReportClass report_class) {
  return checks.reports && (report_class != ReportClass::leftover || checks.leftovers);
}

namespace {

/// Returns " in 'ex_worker', a thread of ex" or " during 'unload ex'" for a crash that does not name a module. If a
/// module's function ends with a call, the compiler can make a jump of it, and the stack does not show the function.
std::string circumstances(const CaseView &view, const KernelReport &report, std::optional<std::size_t> step) {
  if (!report.module.empty() || report.report_class != ReportClass::crash) return {};
  const std::string maker = maker_of_thread(view.seen.modules, report.task);
  if (!maker.empty()) return fmt::format(" in '{}', a thread of {}", report.task, maker);
  return step ? fmt::format(" during '{}'", view.test_case.steps[*step].guest->label) : std::string();
}

}  // namespace

Finding finding_of(const CaseView &view, const KernelReport &report, bool from_console) {
  Finding finding;
  finding.outcome = outcome_of(report.report_class);
  const auto step = step_of(view, report, from_console);
  if (step) finding.evidence = evidence_of(view, *step);
  auto &evidence = finding.evidence;
  if (!report.accesses.empty()) {
    evidence.summary = report.title;
    evidence.expected = "no " + report.kind;
    evidence.seen = report.title;
    evidence.details = report.accesses;
    evidence.hint = report.hint;
    finding.names_module = true;
    return finding;
  }
  // What finds something left makes the same thing again: the module is being loaded.
  const bool in_load = report.report_class == ReportClass::leftover && !report.module.empty();
  const std::string later = from_console || in_load ? std::string() : after_the_unload(view, report);
  evidence.summary = observe::describe(report) + (later.empty() ? circumstances(view, report, step) : later);
  if (report.lines.empty() && step) evidence.details = last_lines(view.seen.console, kShownOfConsole);
  finding.names_module = !report.module.empty();
  evidence.expected = "no kernel report";
  evidence.seen = report.title;
  for (const auto &line : report.lines) evidence.details.push_back(shared::render_dmesg(line));
  if (report.report_class == ReportClass::crash && !report.fatal) {
    evidence.permission.kind = Permission::Kind::report;
  }
  return finding;
}

namespace {

/// Returns what the kernel reported in words.
SeenReports logged_reports(const CaseView &view) {
  const auto modules = module_names(view.test_case);
  const auto loaded = view.seen.loaded();
  // The kernel's lines for an autopsy are not a kernel report.
  const auto line = [&view](std::size_t index) { return view.log.begin() + static_cast<std::ptrdiff_t>(index); };
  SeenReports seen{
      .reports = observe::find_reports({line(std::min(view.begin, view.until)), line(view.until)}, modules, loaded)};
  if (!ended_badly(view.seen.ending.kind)) return seen;
  if (!seen.reports.empty() && observe::is_complete(seen.reports.back())) return seen;
  // The last lines may be on the console only.
  auto on_console = observe::find_reports(console_of(view), modules, loaded);
  if (lines_in(on_console) > lines_in(seen.reports)) seen = {.reports = std::move(on_console), .from_console = true};
  return seen;
}

/// Returns true for a panic that was only printed: the guest lived on.
bool is_fake_panic(const CaseView &view, const KernelReport &report) {
  return view.program_ended != nullptr && observe::is_plain_panic(report);
}

/// A report without words: the guest ended its machine.
KernelReport reset_report(const CaseView &view) {
  constexpr std::string_view kPowerDown = "reboot: Power down";  // kernel: kernel_power_off() in kernel/reboot.c
  KernelReport report;
  const bool powered_off = view.seen.console.find(kPowerDown) != std::string::npos;
  report.kind = powered_off ? "the guest powered itself off" : "the guest reset itself";
  report.title = report.kind;
  report.fatal = true;
  return report;
}

}  // namespace

std::optional<std::size_t> step_of(const CaseView &view, const KernelReport &report, bool from_console) {
  if (report.step || !report.accesses.empty()) return report.step;
  if (report.lines.empty()) return view.open_step();
  return from_console ? std::nullopt : view.step_at(report.lines.front().sequence);
}

namespace {

/// Returns the reports of the kernel.
SeenReports kernel_reports(const CaseView &view) {
  SeenReports seen = logged_reports(view);
  std::erase_if(seen.reports, [&](const KernelReport &report) {
    return is_fake_panic(view, report) || is_of_last_scan(view, report);
  });
  if (view.seen.ending.kind == Ending::Kind::guest_reset) seen.reports.push_back(reset_report(view));
  return seen;
}

/// Returns whether two reports have the same words at the same place, as those of several rounds of a repeat.
bool says_the_same(const KernelReport &one, const KernelReport &other) {
  return one.accesses.empty() && other.accesses.empty() && one.title == other.title &&
         observe::describe(one) == observe::describe(other);
}

}  // namespace

bool is_allowed(const plan::Checks &checks, const observe::KernelReport &report) {
  return !report.fatal && any_matches(checks.allow, "report:" + report.kind);
}

SeenReports reports_of(const CaseView &view) {
  SeenReports seen = kernel_reports(view);
  std::erase_if(seen.reports, [&](const KernelReport &report) { return is_allowed(view.test_case.checks, report); });
  for (auto &race : race_reports(view)) seen.reports.push_back(std::move(race));
  for (auto &wrong : wrong_free_reports(view)) seen.reports.push_back(std::move(wrong));
  return seen;
}

std::vector<Finding> check_reports(const CaseView &view, const SeenReports &seen) {
  struct Repeated {
    const KernelReport *report = nullptr;
    std::size_t times = 0;
  };
  std::vector<Repeated> different;
  for (const auto &report : seen.reports) {
    const bool asked_for = !report.accesses.empty();  // found by kmodtest itself, not by the kernel
    if (!asked_for && !is_intolerable(view.test_case.checks, report.report_class)) continue;
    if (is_expected(view.test_case, report)) continue;
    const auto known = std::find_if(different.begin(), different.end(),
                                    [&](const Repeated &one) { return says_the_same(*one.report, report); });
    if (known == different.end())
      different.push_back({&report, 1});
    else
      ++known->times;
  }
  std::vector<Finding> findings;
  for (const Repeated &one : different) {
    findings.push_back(finding_of(view, *one.report, seen.from_console));
    if (one.times > 1) findings.back().evidence.seen += fmt::format("\n{} times, the first of them here", one.times);
  }
  return findings;
}

std::vector<Finding> check_taint(const CaseView &view) {
  if (!view.test_case.checks.taint || view.baseline == nullptr || view.after_unload.empty()) return {};
  std::uint64_t explained = own_taint(view.seen.modules);
  if (forces_unload(view.test_case)) explained |= kForcedUnload;
  // A report that the plan tolerates taints as well; one that it does not outranks this anyway.
  if (!kernel_reports(view).reports.empty()) explained |= kOfReports;
  const auto *last = view.after_unload.back().after;
  const std::uint64_t unexplained =
      without_allowed(last->inventory.taint & ~view.baseline->inventory.taint & ~explained, view.test_case.checks);
  if (unexplained == 0) return {};
  Finding finding{.outcome = Outcome::failed};
  finding.evidence.summary = "the kernel is tainted: " + observe::render_taint(unexplained);
  finding.evidence.expected = "no taint except for that of an out-of-tree, unsigned module (O, E)";
  finding.evidence.seen = observe::render_taint(last->inventory.taint);
  if ((unexplained & kProprietary) != 0) {
    const std::string modules = proprietary_modules(view.seen.modules);
    if (!modules.empty()) finding.evidence.seen += "\n" + modules;
    finding.evidence.hint =
        "MODULE_LICENSE() has to name a license that is compatible with the GPL; 'checks: {allow: [\"taint:P\"]}' "
        "allows "
        "the taint";
  }
  if ((unexplained & kOfReports) != 0) {
    // There was a kernel report, but its lines were lost or are of an unknown kind.
    finding.outcome = (unexplained & kOfReports) == kSoftLockup ? Outcome::hung : Outcome::crashed;
    finding.evidence.summary = "unknown report: " + finding.evidence.summary;
  }
  return {finding};
}

bool any_matches(const std::vector<std::string> &globs, const std::string &name) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string &glob) { return shared::glob_matches(glob, name); });
}

}  // namespace kmodtest::judge
