// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/utsname.h>
#include <utility>

#include "kmemleak.hpp"
#include "program_run.hpp"
#include "sample.hpp"
#include "shared/procfs.hpp"
#include "system.hpp"
#include "wire/kmemleak.hpp"

namespace kmodtest::guest {
namespace {

std::optional<wire::ModuleRecord> find_module(const std::string &name) {
  for (wire::ModuleRecord &module : list_modules())
    if (module.name == name) return std::move(module);
  return std::nullopt;
}

/// Returns whether this kernel puts a module's data elsewhere than its code, as it does since 6.4 (kernel:
/// kernel/module/main.c, module_memory_alloc()).
bool has_data_apart() {
  constexpr std::pair<int, int> kSince{6, 4};
  utsname system{};
  std::pair<int, int> version;
  if (uname(&system) != 0) return false;
  const std::string_view release = system.release;
  const auto [behind, error] = std::from_chars(release.data(), release.data() + release.size(), version.first);
  if (error != std::errc{} || *behind != '.') return false;
  std::from_chars(behind + 1, release.data() + release.size(), version.second);
  return version >= kSince;
}

/// Returns where the kernel has put a module's sections, if the range that /proc/modules shows does not contain them,
/// and where its init function was, if kmemleak can name that.
std::map<std::string, std::uint64_t> sections_of(const wire::ModuleRecord &module) {
  static const bool apart = has_data_apart();
  if (!apart && !has_kmemleak()) return {};
  const std::string folder = "/sys/module/" + module.name + "/sections/";
  const auto address_of = [&folder](const std::string &section) {
    const std::string text = read_line((folder + section).c_str());
    std::uint64_t address = 0;
    if (text.starts_with("0x")) std::from_chars(text.data() + 2, text.data() + text.size(), address, 16);
    return address;
  };
  std::map<std::string, std::uint64_t> sections;
  if (const std::uint64_t init = has_kmemleak() ? address_of(wire::kInitCode) : 0; init != 0)
    sections.emplace(wire::kInitCode, init);
  if (!apart) return sections;
  for (std::string &name : list_folder(folder.c_str())) {
    if (const std::uint64_t address = address_of(name); address != 0 && !name.starts_with(".init"))
      sections.emplace(std::move(name), address);
  }
  return sections;
}

bool is_online(int cpu) {
  const auto cpus = shared::parse_cpu_list(read_line("/sys/devices/system/cpu/online"));
  return cpus && std::find(cpus->begin(), cpus->end(), cpu) != cpus->end();
}

}  // namespace

ProgramRun::Outcome ProgramRun::act(const wire::Load &load) {
  // A call that cannot be made there must not look like one that the kernel refused.
  if (load.cpu != wire::kAnyCpu && !is_online(load.cpu))
    return StepOutcome{wire::StepResult::refused, "CPU " + std::to_string(load.cpu) + " is offline"};
  if (!renew_baseline()) return std::nullopt;
  has_loaded_ = true;
  for (std::size_t i = 0; i < load.modules.size(); ++i) {
    const wire::ModuleToLoad &module = load.modules[i];
    Job job(Job::Kind::load, module.path, module_parameters(module));
    job.cpu = load.cpu;
    const auto result = do_job(job, deadline_);
    if (!result) return expired("loading " + module.name + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that loaded " + module.name + " was killed"};
    wire::Loaded loaded{index_, module.name, result->error, result->took, {}, result->busy};
    busy_ += result->busy;
    if (result->error == 0) loaded.record = find_module(module.name);
    if (loaded.record) loaded.sections = sections_of(*loaded.record);
    agent_.report(loaded);
    const bool last = i + 1 == load.modules.size();
    Outcome outcome = judge_error("loading " + module.name, result->error, last ? load.expected_errno : 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

}  // namespace kmodtest::guest
