// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <optional>
#include <string>

#include "judge/steps/module_call.hpp"
#include "judge/steps/reading.hpp"
#include "observe/reports/refusals.hpp"
#include "shared/procfs.hpp"

namespace kmodtest::judge {
namespace {

/// Returns true for a module that was not in the kernel's list right after its load.
bool hides_itself(const CaseView &view, const std::string &name) {
  const wire::Loaded *last = nullptr;
  for (const auto &message : view.seen.messages) {
    const auto *loaded = std::get_if<wire::Loaded>(&message);
    if (loaded != nullptr && loaded->module == name) last = loaded;
  }
  return last != nullptr && last->error == 0 && !last->record;
}

/// Explains the errno of an unload (kernel: delete_module() in kernel/module).
observe::Refusal explain_unload_errno(const StepView &view, const std::string &name, int error,
                                      const std::optional<wire::ModuleRecord> &module) {
  switch (error) {
    case EBUSY:
      if (const auto *file = file_of(view, name); file != nullptr && file->exit_function.empty()) {
        return {.reason = "it has no exit function",
                .why = "a module without module_exit() can only be unloaded by force"};
      }
      return {.reason = "it is being loaded or unloaded", .why = "its init or exit function has not returned yet"};
    case EWOULDBLOCK:
      if (module && !module->used_by.empty()) {
        return {.reason = fmt::format("it is in use by {}", fmt::join(module->used_by, ", ")),
                .why = fmt::format("unload {} first", fmt::join(module->used_by, ", "))};
      }
      if (module) {
        const std::string held =
            module->users == 1 ? "one reference is held" : fmt::format("{} references are held", module->users);
        return {.reason = fmt::format("it is in use ({})", held),
                .why =
                    "no module uses it: a file of it is open, it is mounted, or code called try_module_get() and "
                    "never module_put()"};
      }
      return {.reason = "it is in use",
              .why = "a module that uses it is loaded, a file of it is open, or a reference is held"};
    case ENOENT:
      if (hides_itself(view.all, name)) {
        return {.reason = "it hides itself",
                .why = "it was loaded, but it removed itself from the kernel's list of modules: nothing can unload it"};
      }
      return {.reason = "it is not loaded",
              .why = "no module of this name is loaded: its load failed, or it was unloaded before"};
    default:
      return {};
  }
}

/// Returns the module as it was listed after the program, if it had not been removed.
std::optional<wire::ModuleRecord> last_seen(const StepView &view, const std::string &name) {
  if (view.all.after_unload.empty()) return std::nullopt;
  for (const auto &module : view.all.after_unload.back().after->inventory.modules) {
    if (module.name == name) return module;
  }
  return std::nullopt;
}

/// Returns true if an unload that no plan asks for does not matter: a step has unloaded the module, or it can never be.
bool is_moot(const StepView &view, const wire::Unload &unload, const wire::Unloaded &call) {
  if (!unload.added) return false;
  if (call.error == ENOENT) return unloading_command(view.all.test_case) != nullptr;
  const auto *file = file_of(view, call.module);
  return call.error == EBUSY && file != nullptr && file->is_permanent();
}

}  // namespace

const plan::Step *unloading_command(const plan::Case &test_case) {
  const auto unloads = [](const plan::Step &step) {
    const auto *run = step.guest ? std::get_if<wire::RunCommand>(&step.guest->body) : nullptr;
    return run != nullptr &&
           (run->command.find("rmmod") != std::string::npos || run->command.find("modprobe") != std::string::npos);
  };
  const auto found = std::find_if(test_case.steps.begin(), test_case.steps.end(), unloads);
  return found == test_case.steps.end() ? nullptr : &*found;
}

Reading read(const StepView &view, const wire::Unload &unload) {
  const auto unloaded = view.of<wire::Unloaded>();
  for (std::size_t i = 0; i < unload.modules.size(); ++i) {
    const std::string &name = unload.modules[i];
    const wire::Unloaded *call = i < unloaded.size() ? unloaded[i] : nullptr;
    const int expected = i + 1 == unload.modules.size() ? unload.expected_errno : 0;
    auto reading = read_call({.doing = "unloading", .done = "unloaded"}, name, call, expected);
    if (!reading || (call != nullptr && call->module == name && is_moot(view, unload, *call))) continue;
    if (reading->state == Reading::State::unknown) return *reading;
    const auto module = last_seen(view, name);
    if (call != nullptr && call->error != 0) explain(*reading, {explain_unload_errno(view, name, call->error, module)});
    for (auto &line : log_details(view)) reading->details.push_back(std::move(line));
    if (module) reading->details.push_back(shared::render_lsmod({*module}));
    return *reading;
  }
  return reading_held();
}

}  // namespace kmodtest::judge
