// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/command_tree.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>

namespace kmodtest::cli {

namespace {

constexpr std::string_view kSeveral = "[,…]";

/// Reads the choices from the description of a validator: "{wait,attach}".
std::vector<std::string> choices_in(const std::string &said) {
  const std::size_t begin = said.find(":{");
  const std::size_t end = said.find('}', begin == std::string::npos ? said.size() : begin);
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::istringstream words(said.substr(begin + 2, end - begin - 2));
  for (std::string word; std::getline(words, word, ',');) choices.push_back(word);
  return choices;
}

ValueKind kind_of(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, ValueKind>, 7> kKinds{
      {{"FILE", ValueKind::file},
       {"DIR", ValueKind::folder},
       {"FOLDER", ValueKind::folder},
       {"PLAN|FOLDER|MODULE", ValueKind::input},
       {"KERNEL", ValueKind::kernel},
       {"ID", ValueKind::test_id},
       {"CODE", ValueKind::code}}};
  if (type.ends_with(kSeveral)) type.remove_suffix(kSeveral.size());
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto &kind) { return kind.first == type; });
  return found == kKinds.end() ? ValueKind::text : found->second;
}

OptionTree option_tree_of(const CLI::Option &option) {
  OptionTree tree;
  for (const std::string &name : option.get_snames()) tree.names.push_back("-" + name);
  for (const std::string &name : option.get_lnames()) tree.names.push_back("--" + name);
  if (option.get_positional()) tree.names = {option.get_name(true)};
  tree.description = option.get_description();
  tree.required = option.get_required();
  tree.many = option.get_expected_max() > 1;
  const std::string said = option.get_type_name();  // "FILE", "N:INT in [1 - 64]", "wait|attach:{wait,attach}"
  tree.choices = choices_in(said);
  const bool flag = option.get_items_expected_max() == 0 || option.get_type_size_max() == 0;
  tree.optional_value = !tree.choices.empty() && (flag || option.get_expected_min() == 0);
  if (flag && !tree.optional_value) return tree;
  tree.type = said.substr(0, said.find(':'));
  tree.list = std::string_view(tree.type).ends_with(kSeveral);
  tree.kind = tree.choices.empty() ? kind_of(tree.type) : ValueKind::choice;
  return tree;
}

}  // namespace

CommandTree tree_of(const CLI::App &app) {
  CommandTree tree;
  tree.name = app.get_name();
  tree.summary = app.get_description();
  for (const CLI::Option *option : app.get_options()) {
    if (option->get_group().empty()) continue;  // CLI11: hidden
    (option->get_positional() ? tree.arguments : tree.options).push_back(option_tree_of(*option));
  }
  for (const CLI::App *command : app.get_subcommands([](const CLI::App *one) { return !one->get_group().empty(); })) {
    tree.commands.push_back(tree_of(*command));
  }
  return tree;
}

const CLI::App &root_of(const CLI::App &app) {
  const CLI::App *root = &app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  return *root;
}

}  // namespace kmodtest::cli
