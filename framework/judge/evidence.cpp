// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/evidence.hpp"

#include <fmt/format.h>

namespace kmodtest::judge {
namespace {

std::string plan_words(const Permission &permission) {
  switch (permission.kind) {
    case Permission::Kind::none:
      break;
    case Permission::Kind::report:
      return "if the plan provokes this on purpose, declare it: 'expect: {report: ...}'";
    case Permission::Kind::thread:
      return "'checks: {allow_threads: [...]}' lets one stay";
    case Permission::Kind::entry:
      return "'checks: {allow_entries: [...]}' lets one stay";
    case Permission::Kind::object:
      return fmt::format("'checks: {{allow: [\"{}\"]}}' lets it stay", permission.name);
    case Permission::Kind::growth:
      return fmt::format("'checks: {{allow: [\"{}\"]}}' lets it grow", permission.name);
  }
  return {};
}

}  // namespace

std::string join_hints(const std::string &hint, const std::string &permission) {
  return hint + (hint.empty() || permission.empty() ? "" : "; ") + permission;
}

std::string plan_hint(const Evidence &evidence) {
  return join_hints(evidence.hint, plan_words(evidence.permission));
}

}  // namespace kmodtest::judge
