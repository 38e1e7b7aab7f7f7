// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <optional>

#include "judge/steps/reading.hpp"
#include "observe/reports/refusals.hpp"
#include "observe/reports/reports.hpp"
#include "shared/kmsg.hpp"
#include "shared/procfs.hpp"

namespace kmodtest::judge {
namespace {

/// A module that an earlier load left in the kernel.
bool is_loaded_already(const StepView &view, const std::string &name) {
  bool loaded = false;
  for (const auto &report : view.all.seen.reports) {
    if (const auto *load = std::get_if<wire::Loaded>(&report); load && load->module == name) {
      if (load->step == view.index) break;
      if (load->error == 0) loaded = true;
    }
    if (const auto *unload = std::get_if<wire::Unloaded>(&report); unload && unload->module == name) {
      if (unload->error == 0) loaded = false;
    }
  }
  return loaded;
}

const kernel::ModuleInfo *file_of(const StepView &view, const std::string &name) {
  for (const auto &module : view.all.seen.modules) {
    if (module.name == name) return &module;
  }
  return nullptr;
}

/// The errno of a load of which the kernel says nothing.
observe::Refusal explain_load_errno(const StepView &view, const std::string &name, int error) {
  switch (error) {
    case EEXIST:
      if (!is_loaded_already(view, name)) break;
      return {"it is loaded already", "the kernel holds one module of a name: unload it first"};
    case ENOEXEC:
      return {"the kernel does not accept the file", "build the module against the headers of this very kernel"};
    case EPERM:
      return {"modules may not be loaded", "the kernel was told so (kernel.modules_disabled, lockdown, nomodule)"};
    case EKEYREJECTED:
    case ENOKEY:
    case EBADMSG:
    case ENOPKG:
      return {"its signature is rejected", "this kernel loads only modules that are signed with a key that it has"};
    default:
      break;
  }
  // What the loader refuses it says in the log, but for a lack of memory.
  const kernel::ModuleInfo *file = file_of(view, name);
  const std::string function =
      file == nullptr || file->init_function.empty() ? "its init function" : file->init_function + "()";
  const char *symbol = ::strerrorname_np(error);
  const std::string code = symbol == nullptr ? std::to_string(error) : symbol;
  return {fmt::format("{} returned -{}", function, code),
          fmt::format("the loader had nothing against the module, so the error is what {} returned{}", function,
                      error == ENOMEM ? ", or the kernel has no memory for the module" : "")};
}

/// The errno of an unload (kernel: delete_module() in kernel/module).
observe::Refusal explain_unload_errno(const StepView &view, const std::string &name, int error,
                                      const std::optional<wire::ModuleRecord> &module) {
  switch (error) {
    case EBUSY:
      if (const auto *file = file_of(view, name); file != nullptr && file->exit_function.empty()) {
        return {"it has no exit function", "a module without module_exit() can only be unloaded by force"};
      }
      return {"it is being loaded or unloaded", "its init or exit function has not come back yet"};
    case EWOULDBLOCK:
      if (module && !module->used_by.empty()) {
        return {fmt::format("it is in use by {}", fmt::join(module->used_by, ", ")),
                fmt::format("unload {} first", fmt::join(module->used_by, ", "))};
      }
      if (module) {
        return {
            fmt::format("it is in use ({})", module->users == 1 ? "one reference is held"
                                                                : fmt::format("{} references are held", module->users)),
            "no module uses it: a file of it is open, it is mounted, or somebody called try_module_get() and never "
            "module_put()"};
      }
      return {"it is in use", "a module that uses it is loaded, a file of it is open, or a reference is held"};
    case ENOENT:
      return {"it is not loaded", "no module of this name is loaded: its load failed, or it was unloaded before"};
    default:
      return {};
  }
}

/// The first reason goes to the headline, all of them with what they mean below it.
void explain(Reading &reading, const std::vector<observe::Refusal> &refusals) {
  for (const auto &refusal : refusals) {
    if (refusal.reason.empty()) continue;
    if (&refusal == &refusals.front()) {
      reading.why += ": " + refusal.reason;
      reading.hint = refusal.why;
    }
    if (refusals.size() > 1) reading.details.push_back(fmt::format("why: {}: {}", refusal.reason, refusal.why));
  }
}

/// The module as it was listed after the program, when it had not gone.
std::optional<wire::ModuleRecord> last_seen(const StepView &view, const std::string &name) {
  if (view.all.after_unload.empty()) return std::nullopt;
  for (const auto &module : view.all.after_unload.back()->inventory.modules) {
    if (module.name == name) return module;
  }
  return std::nullopt;
}

/// The kernel's own lines of this step; those of the loader first.
std::vector<std::string> log_details(const StepView &view) {
  std::vector<std::string> lines;
  for (const auto &line : view.own_log()) lines.push_back(shared::render_dmesg(line));
  return lines;
}

}  // namespace

Reading read_load(const StepView &view) {
  const auto &load = std::get<wire::Load>(view.guest().body);
  const auto loaded = view.of<wire::Loaded>();
  for (std::size_t i = 0; i < load.modules.size(); ++i) {
    const std::string &name = load.modules[i].name;
    if (i >= loaded.size()) return reading_unknown("loading " + name + " did not come back");
    if (loaded[i]->module != name) {
      return reading_unknown("the guest loaded " + loaded[i]->module + " where " + name + " was due");
    }
    const int expected = i + 1 == load.modules.size() ? load.expected_errno : 0;
    const int error = loaded[i]->error;
    if (wire::is_expected_errno(error, expected)) continue;
    Reading reading = reading_broken(error == 0 ? "loading " + name + " succeeded, but had to be refused"
                                                : "loading " + name + " gave " + errno_words(error));
    reading.expected = errno_words(expected);
    reading.seen = errno_words(error);
    const auto lines = observe::find_refusals(view.own_log());
    if (!lines.empty()) reading.seen += fmt::format("\n{}", fmt::join(lines, "\n"));
    if (error != 0) {
      auto refusals = observe::explain_refusals(view.own_log());
      if (refusals.empty()) refusals.push_back(explain_load_errno(view, name, error));
      explain(reading, refusals);
    }
    for (auto &line : log_details(view)) reading.details.push_back(std::move(line));
    return reading;
  }
  return reading_held();
}

Reading read_unload(const StepView &view) {
  const auto &unload = std::get<wire::Unload>(view.guest().body);
  const auto unloaded = view.of<wire::Unloaded>();
  for (std::size_t i = 0; i < unload.modules.size(); ++i) {
    const std::string &name = unload.modules[i];
    if (i >= unloaded.size()) return reading_unknown("unloading " + name + " did not come back");
    if (unloaded[i]->module != name) {
      return reading_unknown("the guest unloaded " + unloaded[i]->module + " where " + name + " was due");
    }
    const int expected = i + 1 == unload.modules.size() ? unload.expected_errno : 0;
    const int error = unloaded[i]->error;
    if (wire::is_expected_errno(error, expected)) continue;
    Reading reading = reading_broken(error == 0 ? "unloading " + name + " succeeded, but had to be refused"
                                                : "unloading " + name + " gave " + errno_words(error));
    reading.expected = errno_words(expected);
    reading.seen = errno_words(error);
    const auto module = last_seen(view, name);
    if (error != 0) explain(reading, {explain_unload_errno(view, name, error, module)});
    for (auto &line : log_details(view)) reading.details.push_back(std::move(line));
    if (module) reading.details.push_back(shared::render_lsmod({*module}));
    return reading;
  }
  return reading_held();
}

}  // namespace kmodtest::judge
