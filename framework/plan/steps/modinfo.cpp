// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "plan/module_lookup.hpp"
#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"
#include "text/module_name.hpp"

namespace kmodtest::plan {
namespace {

constexpr const char *kModinfoExample = "modinfo: {license: GPL, description: A first module}";

const Table &modinfo_table() {
  static const Table table{"modinfo",
                           {{"module", Type::text, "the plan's last module", "a module of the plan", "my_module"},
                            {"description", Type::pattern, "", "MODULE_DESCRIPTION", "A first module"},
                            {"author", Type::pattern, "", "MODULE_AUTHOR", "/^Ada/"},
                            {"license", Type::pattern, "", "MODULE_LICENSE", "GPL"},
                            {"depends", Type::pattern, "", "the modules that it needs", "/usbcore/"},
                            {"name", Type::pattern, "", "the name it was built with", "my_module"},
                            {"vermagic", Type::pattern, "", "what it was built for; a plain text is its start", "6.1."},
                            {"version", Type::pattern, "", "MODULE_VERSION", "1.0"},
                            {"srcversion", Type::pattern, "", "checksum of its source", "'/^[0-9A-F]+$/'"},
                            {"alias", Type::pattern, "", "an alias of it", "char-major-10-200"},
                            {"parm", Type::pattern, "", "the line of a parameter; a plain text is its start", "'cpu:'"},
                            {"filename", Type::pattern, "", "the file's name", "/my_module.ko$/"}}};
  return table;
}

}  // namespace

StepKind kind_of(const ModinfoCondition &) {
  return {.name = "modinfo",
          .summary = "Checks the metadata of the .ko (on the host, without the guest).",
          .table = &modinfo_table(),
          .example = kModinfoExample};
}

std::optional<std::string> read(ModinfoCondition &condition, StepInput &in) {
  const auto name = in.reader.text("module");
  if (name) {
    condition.module = text::lsmod_name(*name);
    const std::vector<std::string> names = names_of(in.modules);
    if (in.scope.modules_known && std::find(names.begin(), names.end(), condition.module) == names.end())
      in.reader.error(
          Code::unknown_module, "module",
          fmt::format("the module {} is not one of this plan's{}", quote(*name), suggestion(condition.module, names)));
  } else if (!in.modules.empty()) {
    condition.module = in.modules.back().name;
  }
  bool any = false;
  for (const Key &key : modinfo_table().keys) {
    if (key.type != Type::pattern || !in.reader.has(key.name)) continue;
    any = true;
    // An empty text has a meaning here: `depends: ""` requires that it depends on nothing.
    const Node *node = in.reader.find(key.name, Type::pattern);
    if (node->kind == Node::Kind::scalar && node->quoted && node->text.empty())
      condition.fields[key.name] = {};
    else if (const auto pattern = in.reader.pattern(key.name))
      condition.fields[key.name] = *pattern;
  }
  if (!any)
    in.reader.error(Code::checks_nothing, "modinfo",
                    "the modinfo step names no field (e.g. - " + std::string(kModinfoExample) + ")");
  return std::string();
}

}  // namespace kmodtest::plan
