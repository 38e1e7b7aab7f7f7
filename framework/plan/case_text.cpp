// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/case_text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <string_view>

#include "plan/diagnostics.hpp"
#include "plan/fault.hpp"
#include "plan/guest_axes.hpp"
#include "plan/module_lookup.hpp"
#include "plan/node.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {
namespace {

/// Returns whether a text needs no quotes. Words that YAML could take for another type do.
bool is_plain(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || (!letter(text[0]) && !(text[0] >= '0' && text[0] <= '9'))) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) {
                       return letter(c) || (c >= '0' && c <= '9') ||
                              std::string_view("_-./+ ").find(c) != std::string_view::npos;
                     }) &&
         text.back() != ' ';
}

/// Returns a double-quoted scalar. Source: YAML 1.2, section 5.7.
std::string with_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string scalar(std::string_view text, bool in_quotes = false) {
  return in_quotes || !is_plain(text) ? with_quotes(text) : std::string(text);
}

/// Writes trees with their variables filled in.
class TreeWriter {
 public:
  explicit TreeWriter(const Case &test_case) : scope_{source_, problems_} {
    scope_.variables.assign(test_case.point.begin(), test_case.point.end());
    if (test_case.point.count("kernel") == 0) scope_.variables.emplace_back("kernel", "default");
    for (auto &variable : shape_variables(test_case.guest)) scope_.variables.push_back(std::move(variable));
  }

  /// Returns the text after a key or a dash: " VALUE\n", or lines of their own.
  std::string value(const Node &node, int depth) {
    switch (node.kind) {
      case Node::Kind::null:
        return "\n";
      case Node::Kind::scalar:
        return ' ' + leaf(node) + '\n';
      case Node::Kind::list:
        return node.items.empty() ? " []\n" : '\n' + list(node, depth);
      case Node::Kind::map:
        return node.entries.empty() ? " {}\n" : '\n' + map(node, depth);
    }
    return "\n";
  }

  std::string entry(const Node::Entry &entry, int depth) {
    const Node &key = entry.first;
    return indent(depth) + (key.variables ? leaf(key) : scalar(key.text, key.quoted)) + ':' +
           value(entry.second, depth + 1);
  }

 private:
  static std::string indent(int depth) { return std::string(static_cast<std::size_t>(depth) * 2, ' '); }

  std::string map(const Node &node, int depth) {
    std::string text;
    for (const Node::Entry &each : node.entries) text += entry(each, depth);
    return text;
  }

  std::string list(const Node &node, int depth) {
    std::string text;
    for (const Node &item : node.items) {
      std::string below = value(item, depth + 1);
      // A map begins on the dash's line.
      if (item.kind == Node::Kind::map && !item.entries.empty())
        below = ' ' + below.substr(1 + indent(depth + 1).size());
      text += indent(depth) + '-' + below;
    }
    return text;
  }

  std::string leaf(const Node &node) {
    std::string text = scope_.fill(node).value_or(node.text);
    // A text that looks like a variable now was "$${" in the plan.
    for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3))
      text.insert(at, 1, '$');
    return scalar(text, node.quoted);
  }

  Source source_{"", ""};
  Problems problems_{source_};
  Scope scope_;
};

std::string modules_text(const Case &test_case) {
  std::string text = "module:\n";
  for (const ModuleSource &module : test_case.modules)
    text += fmt::format("  - {{path: {}, name: {}}}\n", scalar("./" + bundled_module(module), true),
                        scalar(module.name, true));
  return text;
}

std::string guest_text(const Case &test_case, const Node *guest, TreeWriter &writer) {
  const GuestShape &shape = test_case.guest;
  std::string text = "guest:\n";
  text += shape.sockets > 0 ? fmt::format("  topology: {}x{}x{}\n", shape.sockets, shape.cores, shape.threads)
                            : fmt::format("  cpus: {}\n", shape.cpus);
  text += fmt::format("  memory: {}M\n", shape.memory_mib);
  if (!shape.numa.empty()) text += fmt::format("  numa: {}\n", scalar(format_numa(shape.numa)));
  // With the words of the switches, of --strict as well.
  if (!shape.append.empty()) text += fmt::format("  append: {}\n", scalar(shape.append, true));
  if (guest == nullptr) return text;
  constexpr std::array<std::string_view, 12> kSaid{"cpus",       "sockets",     "cores",  "threads",
                                                   "topology",   "memory",      "numa",   "append",
                                                   "slub_debug", "page_poison", "kfence", "preempt"};
  for (const Node::Entry &entry : guest->entries)
    if (std::find(kSaid.begin(), kSaid.end(), entry.first.text) == kSaid.end()) text += writer.entry(entry, 1);
  return text;
}

/// Replaces in the tree of an ioctl step what a header defines, since that is not next to the plan.
void write_numbers(const Step &step, Node &item) {
  const auto *call = step.guest ? std::get_if<wire::Ioctl>(&step.guest->body) : nullptr;
  if (!step.numbers || call == nullptr) return;
  for (Node::Entry &entry : item.entries) {
    if (entry.first.text != step.key) continue;
    auto &keys = entry.second.entries;
    const auto is_header = [](const Node::Entry &each) { return each.first.text == "header"; };
    keys.erase(std::remove_if(keys.begin(), keys.end(), is_header), keys.end());
    for (auto &[key, value] : keys) {
      if (key.text == "request") value.text = fmt::format("{:#x}", call->request);
      if (key.text == "number" && call->number) value.text = fmt::format("{:#x}", *call->number);
    }
  }
}

/// Returns the entry of the plan's steps, as this case has them.
Node::Entry steps_of(Node::Entry entry, const Case &test_case) {
  auto &items = entry.second.items;
  for (std::size_t i = 0; i < std::min(items.size(), test_case.steps.size()); ++i)
    write_numbers(test_case.steps[i], items[i]);
  return entry;
}

/// Returns the steps of a run without a plan.
std::string made_up_steps(const Case &test_case) {
  std::string text = "steps:\n  - load\n  - sleep: 1s\n  - unload\n";
  for (const Step &step : test_case.steps) {
    const auto *repeat = step.guest ? std::get_if<wire::Repeat>(&step.guest->body) : nullptr;
    if (repeat != nullptr) text += fmt::format("  - repeat: {}\n", repeat->times);
  }
  return text;
}

}  // namespace

std::string bundled_module(const ModuleSource &module) {
  std::string ending = ".ko";
  if (module.kind == ModuleSource::Kind::file) {
    const std::string file = module.path.filename().string();
    if (const auto stem = module_file_stem(file)) ending = file.substr(stem->size());
  }
  return module.name + ending;
}

std::string case_text(const Case &test_case, const RunChoices &choices) {
  TreeWriter writer(test_case);
  const Node *root = test_case.tree.get();
  std::string text;
  if (root == nullptr) text += fmt::format("name: {}\n", scalar(test_case.plan_name, true));
  text += modules_text(test_case);
  if (!choices.kernel.empty()) text += fmt::format("kernel: {}\n", scalar(choices.kernel));
  if (choices.time != Time::automatic) text += fmt::format("time: {}\n", time_name(choices.time));
  if (test_case.schedule) text += fmt::format("schedule: {}\n", kBundledSchedule);
  if (test_case.fault) text += fault_text(*test_case.fault);
  text += guest_text(test_case, root == nullptr ? nullptr : root->find("guest"), writer);
  if (root == nullptr) return text + made_up_steps(test_case);
  for (const Node::Entry &entry : root->entries) {
    const std::string &key = entry.first.text;
    const bool said = key == "module" || key == "kernel" || key == "time" || key == "guest" || key == "matrix" ||
                      key == "schedule" || key == "fail";
    if (!said) text += writer.entry(key == "steps" ? steps_of(entry, test_case) : entry, 0);
  }
  return text;
}

}  // namespace kmodtest::plan
