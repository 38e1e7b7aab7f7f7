// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/step_input.hpp"

#include <fmt/format.h>

#include "plan/module_lookup.hpp"
#include "text/module_name.hpp"

namespace kmodtest::plan {

void LoadedModules::account(const wire::Load &load) {
  for (const wire::ModuleToLoad &module : load.modules) {
    if (load.expected_errno != 0 && &module == &load.modules.back()) break;
    if (!contains(module.name)) names_.push_back(module.name);
  }
}

void LoadedModules::account(const wire::Unload &unload) {
  if (unload.expected_errno != 0) return;
  for (const std::string &name : unload.modules) std::erase(names_, name);
}

std::string guest_module_path(const std::string &name) {
  return "/tmp/modules/" + name + ".ko";
}

wire::ModuleToLoad module_to_load(const std::string &name) {
  return {.name = name, .path = guest_module_path(name), .params = {}};
}

std::vector<std::string> names_of(const std::vector<ModuleSource> &modules) {
  std::vector<std::string> names;
  names.reserve(modules.size());
  for (const ModuleSource &module : modules) names.push_back(module.name);
  return names;
}

std::vector<std::string> named_modules(StepInput &in, const std::vector<std::string> &all) {
  if (!in.reader.has("module")) return all;
  std::vector<const Node *> places;
  std::vector<std::string> out;
  const std::vector<std::string> texts = in.reader.texts("module", &places);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string name = text::lsmod_name(texts[i]);
    const bool known =
        std::any_of(in.modules.begin(), in.modules.end(), [&](const ModuleSource &m) { return m.name == name; });
    if (!known && in.scope.modules_known) {
      in.scope.problems.error(Code::unknown_module, *places[i],
                              fmt::format("the module {} is not one of this plan's{}", quote(texts[i]),
                                          suggestion(name, names_of(in.modules))));
    } else if (std::find(out.begin(), out.end(), name) != out.end()) {
      in.scope.problems.error(Code::module_named_twice, *places[i],
                              fmt::format("the module {} is named twice", quote(texts[i])));
    } else {
      out.push_back(name);
    }
  }
  if (out.empty() && texts.empty() && !in.scope.problems.any_error())
    in.reader.error(Code::empty_value, "module", "the list of modules is empty");
  return out;
}

std::optional<wire::Range> exit_status(StepInput &in) {
  const auto exit = in.reader.range("exit");
  if (exit && (exit->max < 0 || exit->min > 255))
    in.reader.error(Code::out_of_range, "exit", "an exit status is from 0 to 255");
  return exit;
}

void refuse_together(MapReader &reader, const std::string &key, std::initializer_list<const char *> others,
                     const char *why) {
  for (const char *other : others)
    if (reader.has(other))
      reader.error(Code::keys_exclude, other, fmt::format("'{}' cannot be combined with '{}' ({})", other, key, why));
}

}  // namespace kmodtest::plan
