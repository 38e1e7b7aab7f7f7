// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/manual.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <string_view>

namespace kmodtest::cli {

namespace {

/// Escapes text for roff: no control lines, no escapes, dashes that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (out.empty() && (c == '.' || c == '\'')) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

/// Marks text within a line as bold.
std::string bold(std::string_view text) {
  return "\\fB" + roff(text) + "\\fR";
}

std::string italic(std::string_view text) {
  return "\\fI" + roff(text) + "\\fR";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// Makes a sentence of a clause.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text.ends_with('.') ? text : text + ".";
}

std::string option_words(const OptionTree &option) {
  std::string words;
  for (const std::string &name : option.names) words += (words.empty() ? "" : ", ") + bold(name);
  if (option.kind == ValueKind::none) return words;
  if (option.optional_value) return fmt::format("{}[={}]", words, italic(option.type));
  return words + " " + italic(option.type);
}

std::string argument_words(const OptionTree &argument) {
  std::string words = italic(argument.kind == ValueKind::text ? upper(argument.names.front()) : argument.type);
  if (argument.many) words += "...";
  return argument.required ? words : "[" + words + "]";
}

std::string synopsis(const CommandTree &tree, const std::string &words) {
  std::string text;
  if (tree.commands.empty()) {
    text = fmt::format("{} [{}]", bold(words), italic("OPTION") + "...");
    for (const OptionTree &argument : tree.arguments) text += " " + argument_words(argument);
    return text + "\n";
  }
  for (const CommandTree &command : tree.commands)
    text += (text.empty() ? "" : ".br\n") + synopsis(command, words + " " + command.name);
  return text;
}

std::string options_of(const CommandTree &tree) {
  std::string text;
  for (const OptionTree &argument : tree.arguments)
    text += fmt::format(".TP\n{}\n{}\n", argument_words(argument), roff(sentence(argument.description)));
  for (const OptionTree &option : tree.options) {
    std::string about = sentence(option.description);
    if (option.kind == ValueKind::choice) about += fmt::format(" One of: {}.", fmt::join(option.choices, ", "));
    if (option.many) about += " Can be repeated.";
    text += fmt::format(".TP\n{}\n{}\n", option_words(option), roff(about));
  }
  return text;
}

std::string entries(const std::vector<ManualEntry> &table) {
  std::string text;
  for (const ManualEntry &entry : table) text += fmt::format(".TP\n{}\n{}\n", bold(entry.name), roff(entry.text));
  return text;
}

std::string head(const std::string &name, const std::string &summary, const ManualTexts &texts) {
  return fmt::format(".TH {} 1 {} \"kmodtest {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n", upper(name), texts.date,
                     texts.version, roff(name), roff(summary));
}

/// Renders a paragraph for each line.
std::string paragraphs(const std::string &text) {
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += fmt::format("{}{}\n", out.empty() ? "" : ".PP\n", roff(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::string common_end(const ManualTables &tables) {
  return ".SH EXIT STATUS\n" + entries(tables.exit_statuses) + ".SH ENVIRONMENT\n" + entries(tables.environment) +
         ".SH FILES\n" + entries(tables.files);
}

std::string page_of(const CommandTree &command, const CommandTree &root, const ManualTexts &texts) {
  const std::string words = root.name + " " + command.name;
  std::string text = head(root.name + "-" + command.name, command.summary, texts);
  text += ".SH SYNOPSIS\n" + synopsis(command, words);
  text += ".SH DESCRIPTION\n" + paragraphs(texts.description(command.name));
  text += ".SH OPTIONS\n" + options_of(command);
  for (const CommandTree &below : command.commands) {
    text += fmt::format(".SS {}\n{}\n", roff(words + " " + below.name), roff(sentence(below.summary)));
    text += options_of(below);
  }
  text += common_end(texts.tables) + ".SH SEE ALSO\n" + fmt::format(".BR {} (1)\n", root.name);
  return text;
}

}  // namespace

std::vector<ManualPage> manual_pages(const CommandTree &root, const ManualTexts &texts) {
  std::string text = head(root.name, "test Linux kernel modules in throw-away QEMU guests", texts);
  text += fmt::format(".SH SYNOPSIS\n{} {} [{}]\n", bold(root.name), italic("COMMAND"), italic("OPTION") + "...");
  text += ".SH DESCRIPTION\n" + paragraphs(texts.description(""));
  text += ".SH COMMANDS\n";
  for (const CommandTree &command : root.commands)
    text += fmt::format(".TP\n{}\n{}\n", bold(command.name), roff(sentence(command.summary)));
  text += ".SH OPTIONS\n" + options_of(root) + common_end(texts.tables) + ".SH SEE ALSO\n";
  for (const CommandTree &command : root.commands) {
    text += fmt::format(".BR {} (1){}\n", roff(root.name + "-" + command.name),
                        &command == &root.commands.back() ? "" : ",");
  }
  std::vector<ManualPage> pages{{root.name + ".1", text}};
  for (const CommandTree &command : root.commands)
    pages.push_back({fmt::format("{}-{}.1", root.name, command.name), page_of(command, root, texts)});
  return pages;
}

}  // namespace kmodtest::cli
