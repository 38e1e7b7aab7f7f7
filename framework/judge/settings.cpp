// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "judge/always.hpp"
#include "shared/procfs.hpp"

/// Finds settings of the kernel that are changed after an unload.
namespace kmodtest::judge {
namespace {

constexpr std::string_view kOnlineCpus = "/sys/devices/system/cpu/online";
constexpr std::string_view kSysctls = "/proc/sys/";
constexpr std::string_view kConsole = "/proc/sys/kernel/printk";
constexpr std::string_view kClock = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

std::string base_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

/// Returns "kernel.panic" for "/proc/sys/kernel/panic"; other paths as they are.
std::string name_of(std::string_view path) {
  if (!path.starts_with(kSysctls)) return std::string(path);
  std::string name(path.substr(kSysctls.size()));
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

/// Returns the CPUs of the first list that the second one lacks.
std::vector<int> missing_cpus(const std::string &before, const std::string &after) {
  const auto had = shared::parse_cpu_list(before).value_or(std::vector<int>{});
  const auto has = shared::parse_cpu_list(after).value_or(std::vector<int>{});
  std::vector<int> missing;
  std::set_difference(had.begin(), had.end(), has.begin(), has.end(), std::back_inserter(missing));
  return missing;
}

/// Returns the console's log level, the first number of kernel.printk.
std::string console_level(const std::string &value) {
  return value.substr(0, value.find_first_of(" \t"));
}

/// Returns whether the kernel itself has made the console show everything, as lockdep does before it reports (kernel:
/// console_verbose() in include/linux/printk.h).
bool is_of_a_report(const CaseView &view, const wire::SettingRecord &setting) {
  constexpr const char *kEverything = "15";
  return setting.path == kConsole && console_level(setting.value) == kEverything && !reports_of(view).reports.empty();
}

/// Returns whether the kernel itself has changed its clock: some seconds after its boot it has measured the CPU's
/// counter (kernel: arch/x86/kernel/tsc.c).
bool is_of_calibration(const wire::SettingRecord &setting) {
  return setting.path == kClock && setting.before == "tsc-early";
}

std::string summary_of(const wire::SettingRecord &setting) {
  if (setting.path == kOnlineCpus) {
    const auto missing = missing_cpus(setting.before, setting.value);
    if (!missing.empty()) {
      return fmt::format("{} {} {} offline after the unload", missing.size() == 1 ? "CPU" : "CPUs",
                         fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are");
    }
  }
  if (setting.path == kConsole && console_level(setting.before) != console_level(setting.value)) {
    return fmt::format("the console's log level is {} after the unload, and was {}", console_level(setting.value),
                       console_level(setting.before));
  }
  return fmt::format("{} is '{}' after the unload, and was '{}'", name_of(setting.path), setting.value, setting.before);
}

/// Returns true if a step of the plan itself can have changed the setting.
bool is_changed_by(const plan::Step &step, const std::string &path) {
  if (!step.guest) return false;
  const bool online = path == kOnlineCpus;
  const auto &body = step.guest->body;
  if (std::holds_alternative<wire::SetCpus>(body)) return online;
  std::string words;
  if (const auto *write = std::get_if<wire::WriteFile>(&body)) words = write->path;
  if (const auto *run = std::get_if<wire::RunCommand>(&body)) words = run->command;
  const auto has = [&words](std::string_view word) { return words.find(word) != std::string::npos; };
  if (path == kConsole && (has("dmesg -n") || has("klogd") || has("sysrq"))) return true;
  return has(base_name(path)) || (online && has("chcpu"));
}

/// Returns what the last unload has left changed: a module can be unloaded and loaded again to set something back.
/// Where steps of the plan itself have changed the guest in between, the last one before each.
std::vector<wire::SettingRecord> settings_changed(const CaseView &view) {
  std::vector<wire::SettingRecord> changed;
  for (std::size_t i = 0; i < view.after_unload.size(); ++i) {
    const bool is_last =
        i + 1 == view.after_unload.size() || view.after_unload[i + 1].before != view.after_unload[i].before;
    const auto &settings = view.after_unload[i].after->inventory.settings;
    if (is_last) changed.insert(changed.end(), settings.begin(), settings.end());
  }
  return changed;
}

}  // namespace

std::vector<Finding> check_settings(const CaseView &view) {
  const auto &checks = view.test_case.checks;
  if (!checks.leftovers || view.after_unload.empty()) return {};
  std::vector<Finding> findings;
  for (const auto &setting : settings_changed(view)) {
    const auto &steps = view.test_case.steps;
    const std::string name = "setting:" + name_of(setting.path);
    if (any_matches(checks.allow, name) || is_of_a_report(view, setting) || is_of_calibration(setting)) continue;
    if (std::any_of(steps.begin(), steps.end(),
                    [&](const plan::Step &step) { return is_changed_by(step, setting.path); }))
      continue;
    Finding finding{.outcome = Outcome::leaked};
    finding.evidence.summary = summary_of(setting);
    finding.evidence.expected = fmt::format("{}: '{}', as before the load", setting.path, setting.before);
    finding.evidence.seen = fmt::format("'{}'", setting.value);
    finding.evidence.hint = "what init changes for the whole machine, exit has to set back";
    finding.evidence.permission = {.kind = Permission::Kind::object, .name = name};
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace kmodtest::judge
