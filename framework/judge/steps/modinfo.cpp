// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "shared/pattern.hpp"
#include "text/module_name.hpp"

namespace kmodtest::judge {
namespace {

/// Returns the values of one field; "parm:cpu" are those of parm that begin with "cpu:".
std::vector<std::string> values_of(const kernel::ModuleInfo &module, const std::string &field) {
  std::vector<std::string> values;
  if (field == "filename") return {module.file.string()};
  const std::size_t colon = field.find(':');
  const std::string prefix = colon == std::string::npos ? "" : field.substr(colon + 1) + ":";
  const auto [first, last] = module.fields.equal_range(field.substr(0, colon));
  for (auto it = first; it != last; ++it) {
    if (!it->second.starts_with(prefix)) continue;
    values.push_back(it->second.substr(prefix.size()));
  }
  if (values.empty() && field == "name") values.push_back(module.name);
  return values;
}

bool fits(const std::string &field, const wire::Pattern &pattern, const std::string &value) {
  if (pattern.kind == wire::Pattern::Kind::regex) return shared::Matcher(pattern).matches(value);
  const std::string kind = field.substr(0, field.find(':'));
  if (kind == "vermagic" || kind == "parm" || kind == "alias") return value.starts_with(pattern.text);
  if (kind == "name") return text::lsmod_name(value) == text::lsmod_name(pattern.text);
  if (kind == "filename") return value.find(pattern.text) != std::string::npos;
  return value == pattern.text;
}

}  // namespace

Reading read(const plan::ModinfoCondition &condition, const std::vector<kernel::ModuleInfo> &modules) {
  const auto module = std::find_if(modules.begin(), modules.end(), [&](const kernel::ModuleInfo &info) {
    return text::lsmod_name(info.name) == text::lsmod_name(condition.module);
  });
  if (module == modules.end()) return reading_unknown("nothing is known about module '" + condition.module + "'");
  for (const auto &[field, pattern] : condition.fields) {
    const auto values = values_of(*module, field);
    const bool found = std::any_of(
        values.begin(), values.end(),
        [&, &name = field, &wanted = pattern](const std::string &value) { return fits(name, wanted, value); });
    if (found) continue;
    // An absent field reads as empty, as modinfo(8) prints "depends:".
    if (values.empty() && fits(field, pattern, "")) continue;
    const std::string name = "field '" + field + "' of module '" + condition.module + "'";
    Reading reading = reading_broken(values.empty() ? name + " is missing"
                                                    : fmt::format("{} is '{}'", name, fmt::join(values, "', '")));
    reading.expected = shared::render_pattern(pattern);
    reading.seen = values.empty() ? "no such field" : fmt::format("{}", fmt::join(values, "\n"));
    for (const auto &[key, value] : module->fields) reading.details.push_back(key + ": " + value);
    return reading;
  }
  return reading_held();
}

}  // namespace kmodtest::judge
