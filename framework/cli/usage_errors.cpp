// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/usage_errors.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_tree.hpp"
#include "plan/plan.hpp"
#include "text/similar_name.hpp"

namespace kmodtest::cli {

namespace {

using base::Code;
using base::UsageError;

/// The recognised commands: "kmodtest kernels fetch".
struct Where {
  const CLI::App *app;
  std::string words;
};

Where deepest(const CLI::App &app) {
  Where where{&app, app.get_name()};
  while (true) {
    const auto chosen = where.app->get_subcommands();
    if (chosen.empty()) return where;
    where.app = chosen.front();
    where.words += " " + where.app->get_name();
  }
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string help_of(const Where &where) {
  return "see " + where.words + " --help";
}

std::vector<std::string> option_names(const CommandTree &tree) {
  std::vector<std::string> names;
  for (const OptionTree &option : tree.options) {
    for (const std::string &name : option.names) {
      if (name.starts_with("--")) names.push_back(name);
    }
  }
  return names;
}

UsageError unknown_word(const Where &where, const std::string &written) {
  const CommandTree tree = tree_of(*where.app);
  if (!written.starts_with('-')) {
    std::vector<std::string> names;
    for (const CommandTree &command : tree.commands) names.push_back(command.name);
    if (names.empty()) {
      return UsageError(Code::unknown_option, fmt::format("unexpected argument '{}' of '{}'", written, where.words),
                        "omit it; " + help_of(where));
    }
    const auto meant = text::similar_name(written, names);
    return UsageError(Code::unknown_option, fmt::format("'{}' has no command '{}'", where.words, written),
                      meant ? fmt::format("did you mean '{}'?", *meant) : help_of(where));
  }
  const std::string name = written.substr(0, written.find('='));
  const auto meant = text::similar_name(name, option_names(tree));
  return UsageError(Code::unknown_option, fmt::format("'{}' has no option '{}'", where.words, name),
                    meant ? fmt::format("did you mean '{}'?", *meant) : help_of(where));
}

/// Suggests one of the words in "--time: vrtual not in {virtual,real}".
std::string word_that_is_meant(const std::string &said) {
  constexpr std::string_view kBetween = " not in {";
  const std::size_t between = said.find(kBetween);
  const std::size_t begin = said.find(": ");
  const std::size_t end = said.rfind('}');
  if (between == std::string::npos || begin == std::string::npos || begin >= between || end == std::string::npos) {
    return {};
  }
  std::vector<std::string> words;
  std::string_view list = std::string_view(said).substr(between + kBetween.size(), end - between - kBetween.size());
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    words.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  const auto meant = text::similar_name(said.substr(begin + 2, between - begin - 2), words);
  return meant ? fmt::format("did you mean '{}'?", *meant) : fmt::format("use one of {}", fmt::join(words, ", "));
}

/// Sorts the two names in "--a excludes --b": their order in CLI11's message depends on addresses.
std::string in_order(const std::string &said) {
  constexpr std::string_view kBetween = " excludes ";
  const std::size_t between = said.find(kBetween);
  if (between == std::string::npos) return said;
  const std::string first = said.substr(0, between), second = said.substr(between + kBetween.size());
  return fmt::format("{}{}{}", std::min(first, second), kBetween, std::max(first, second));
}

}  // namespace

UsageError usage_error(const CLI::App &app, const CLI::ParseError &error) {
  const Where where = deepest(app);
  const std::string said = one_line(error.what());
  // Checked first: for a misspelt command, CLI11 only reports that a command is missing.
  if (const auto left = app.remaining(true); !left.empty()) return unknown_word(where, left.front());
  if (dynamic_cast<const CLI::RequiredError *>(&error)) {
    const bool command = where.app->get_require_subcommand_min() > where.app->get_subcommands().size();
    if (command)
      return UsageError(Code::missing_argument, fmt::format("'{}' needs a command", where.words), help_of(where));
    return UsageError(Code::missing_argument, fmt::format("{} ({})", said, where.words), help_of(where));
  }
  const bool needs = dynamic_cast<const CLI::RequiresError *>(&error) != nullptr;
  if (needs || dynamic_cast<const CLI::ExcludesError *>(&error)) {
    return UsageError(Code::options_exclude, in_order(said),
                      needs ? "add what it requires, or omit it" : "omit one of the two");
  }
  if (dynamic_cast<const CLI::ArgumentMismatch *>(&error))
    return UsageError(Code::missing_argument, said, help_of(where));
  std::string hint = word_that_is_meant(said);
  return UsageError(Code::bad_option_value, said, hint.empty() ? help_of(where) : std::move(hint));
}

}  // namespace kmodtest::cli
