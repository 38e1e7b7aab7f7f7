// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <fmt/format.h>

#include "judge/expectation.hpp"
#include "observe/kmsg.hpp"
#include "observe/procfs.hpp"
#include "observe/reports.hpp"

namespace kmodtest::judge {
namespace {

bool is_expected(int error, int expected) {
  return expected == -1 ? error != 0 : error == expected;
}

/// The symbol of "ex: Unknown symbol ex_missing (err -2)", or nothing.
std::string unknown_symbol(const std::vector<std::string> &refusals) {
  constexpr std::string_view kWords = "Unknown symbol ";
  for (const auto &line : refusals) {
    const std::size_t at = line.find(kWords);
    if (at == std::string::npos) continue;
    const std::size_t begin = at + kWords.size();
    return line.substr(begin, line.find(' ', begin) - begin);
  }
  return {};
}

/// What the errno of finit_module(2) means.
std::string load_hint(int error, const std::vector<std::string> &refusals) {
  const std::string symbol = unknown_symbol(refusals);
  switch (error) {
    case ENOEXEC:
      return "the kernel does not accept the file's format: build the module against this kernel";
    case ENOENT:
      return symbol.empty()
                 ? "a symbol that the module needs is unknown: load the module that exports it first"
                 : "nothing exports '" + symbol + "': load the module that does first (kernel_modules, module)";
    case EEXIST:
      return "a module of this name is already loaded";
    case EINVAL:
      return "a parameter is invalid, or the module's own init function returned -EINVAL";
    case EKEYREJECTED:
      return "this kernel only loads signed modules";
    case EBUSY:
      return "a module of this name is being loaded or unloaded, or its init function found something in use";
    default:
      return "the module's init function returned this, or the kernel refused the module";
  }
}

std::string unload_hint(int error, const std::string &used_by) {
  switch (error) {
    case EBUSY:
      return "the module has no exit function, or is being loaded or unloaded";
    case EWOULDBLOCK:
      return used_by.empty() ? "the module is in use (a file or a reference is held)"
                             : "the module is in use by " + used_by + ": unload that first";
    case ENOENT:
      return "no module of this name is loaded";
    default:
      return {};
  }
}

/// The kernel's own lines of this step; those of the loader first.
std::vector<std::string> log_details(const StepView &view) {
  std::vector<std::string> lines;
  for (const auto &line : view.own_log()) lines.push_back(observe::render_dmesg(line));
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
    if (is_expected(error, expected)) continue;
    Reading reading = reading_broken(error == 0 ? "loading " + name + " succeeded, but had to be refused"
                                                : "loading " + name + " gave " + errno_words(error));
    reading.expected = errno_words(expected);
    reading.seen = errno_words(error);
    const auto refusals = observe::find_refusals(view.own_log());
    if (!refusals.empty()) reading.seen += fmt::format("\n{}", fmt::join(refusals, "\n"));
    reading.details = log_details(view);
    if (error != 0) reading.hint = load_hint(error, refusals);
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
    if (is_expected(error, expected)) continue;
    Reading reading = reading_broken(error == 0 ? "unloading " + name + " succeeded, but had to be refused"
                                                : "unloading " + name + " gave " + errno_words(error));
    reading.expected = errno_words(expected);
    reading.seen = errno_words(error);
    reading.details = log_details(view);
    std::string used_by;
    if (!view.all.after_unload.empty()) {
      const auto &modules = view.all.after_unload.back()->inventory.modules;
      reading.details.push_back(observe::render_lsmod(modules));
      for (const auto &module : modules) {
        if (module.name == name) used_by = fmt::format("{}", fmt::join(module.used_by, ", "));
      }
    }
    if (error != 0) reading.hint = unload_hint(error, used_by);
    return reading;
  }
  return reading_held();
}

}  // namespace kmodtest::judge
