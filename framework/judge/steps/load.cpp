// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <string>

#include "judge/steps/module_call.hpp"
#include "judge/steps/reading.hpp"
#include "observe/reports/refusals.hpp"
#include "observe/reports/reports.hpp"

namespace kmodtest::judge {
namespace {

/// Returns whether an earlier load left the module in the kernel.
bool is_loaded_already(const StepView &view, const std::string &name) {
  bool loaded = false;
  for (const auto &message : view.all.seen.messages) {
    if (const auto *load = std::get_if<wire::Loaded>(&message); load && load->module == name) {
      if (load->step == view.index) break;
      if (load->error == 0) loaded = true;
    }
    if (const auto *unload = std::get_if<wire::Unloaded>(&message); unload && unload->module == name) {
      if (unload->error == 0) loaded = false;
    }
  }
  return loaded;
}

std::string init_function_of(const StepView &view, const std::string &name) {
  const kernel::ModuleInfo *file = file_of(view, name);
  return file == nullptr || file->init_function.empty() ? "its init function" : file->init_function + "()";
}

/// Explains the errno of a load that the kernel does not comment on.
observe::Refusal explain_load_errno(const StepView &view, const std::string &name, int error) {
  switch (error) {
    case EEXIST:
      if (!is_loaded_already(view, name)) break;
      return {.reason = "it is loaded already",
              .why = "the kernel accepts each module name only once: unload it first"};
    case ENOEXEC:
      return {.reason = "the kernel does not accept the file",
              .why = "build the module against the headers of exactly this kernel"};
    case EPERM:
      return {.reason = init_function_of(view, name) + " returned -1 (-EPERM)",
              .why =
                  "an init function returns a code such as -ENODEV, and -1 is -EPERM; if it did not return that, this "
                  "kernel allows no module to be loaded (kernel.modules_disabled, lockdown, nomodule)"};
    case EKEYREJECTED:
    case ENOKEY:
    case EBADMSG:
    case ENOPKG:
      return {.reason = "its signature is rejected",
              .why = "this kernel loads only modules that are signed with a key that it has"};
    default:
      break;
  }
  // The loader logs its reasons for a refusal, except for a lack of memory.
  const std::string function = init_function_of(view, name);
  const char *symbol = ::strerrorname_np(error);
  const std::string code = symbol == nullptr ? std::to_string(error) : symbol;
  return {.reason = fmt::format("{} returned -{}", function, code),
          .why = fmt::format("the loader accepted the module, so the error is what {} returned{}", function,
                             error == ENOMEM ? ", or the kernel has no memory for the module" : "")};
}

}  // namespace

Reading read(const StepView &view, const wire::Load &load) {
  const auto loaded = view.of<wire::Loaded>();
  const bool is_refused = view.ended != nullptr && view.ended->result == wire::StepResult::refused;
  if (loaded.empty() && is_refused && load.cpu != wire::kAnyCpu)
    return reading_broken(fmt::format("CPU {}, which should load it, is offline", load.cpu));
  for (std::size_t i = 0; i < load.modules.size(); ++i) {
    const std::string &name = load.modules[i].name;
    const wire::Loaded *call = i < loaded.size() ? loaded[i] : nullptr;
    const int expected = i + 1 == load.modules.size() ? load.expected_errno : 0;
    auto reading = read_call({.doing = "loading", .done = "loaded"}, name, call, expected);
    if (!reading) continue;
    if (call == nullptr || reading->state == Reading::State::unknown) return *reading;
    const auto lines = observe::find_refusals(view.own_log());
    if (!lines.empty()) reading->seen += fmt::format("\n{}", fmt::join(lines, "\n"));
    if (call->error != 0) {
      auto refusals = observe::explain_refusals(view.own_log());
      if (refusals.empty()) refusals.push_back(explain_load_errno(view, name, call->error));
      explain(*reading, refusals);
    }
    for (auto &line : log_details(view)) reading->details.push_back(std::move(line));
    return *reading;
  }
  return reading_held();
}

}  // namespace kmodtest::judge
