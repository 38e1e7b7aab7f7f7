// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <set>

#include "base/error_index.hpp"
#include "cli/completions/completions.hpp"

namespace kmodtest::cli {

namespace {

/// The meaning of the words in front of the last one.
class Line {
 public:
  explicit Line(const CommandTree &root) : command_(&root) {}

  void read(const std::string &word) {
    if (waiting_ != nullptr) {
      waiting_ = nullptr;
    } else if (!only_arguments_ && word == "--") {
      only_arguments_ = true;
    } else if (is_option(word)) {
      read_option(word);
    } else if (!enter(word)) {
      arguments_.push_back(word);
    }
  }

  bool is_option(const std::string &word) const { return !only_arguments_ && word.starts_with('-'); }

  /// The option that `word` names, also as "--name=value" or "-nvalue". Null when there is none.
  const OptionTree *option(const std::string &word) const {
    const std::string name = word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
    for (const OptionTree &each : command_->options) {
      if (std::find(each.names.begin(), each.names.end(), name) != each.names.end()) return &each;
    }
    return nullptr;
  }

  /// The argument that comes next. Null when the command takes no further one.
  const OptionTree *next_argument() const {
    std::size_t before = arguments_.size();
    for (const OptionTree &argument : command_->arguments) {
      if (argument.many || before == 0) return &argument;
      --before;
    }
    return nullptr;
  }

  bool can_be_given(const OptionTree &option) const { return option.many || !given_.contains(&option); }

  const CommandTree &command() const { return *command_; }
  /// The option whose value comes next. Null: none.
  const OptionTree *waiting() const { return waiting_; }
  const std::vector<std::string> &arguments() const { return arguments_; }

 private:
  void read_option(const std::string &word) {
    const OptionTree *found = option(word);
    if (found == nullptr) return;
    given_.insert(found);
    const bool exact = std::find(found->names.begin(), found->names.end(), word) != found->names.end();
    if (exact && found->kind != ValueKind::none && !found->optional_value) waiting_ = found;
  }

  bool enter(const std::string &name) {
    for (const CommandTree &below : command_->commands) {
      if (below.name != name) continue;
      command_ = &below;
      given_.clear();
      return true;
    }
    return false;
  }

  const CommandTree *command_;
  const OptionTree *waiting_ = nullptr;
  bool only_arguments_ = false;
  std::set<const OptionTree *> given_;
  std::vector<std::string> arguments_;
};

std::vector<Candidate> error_codes() {
  std::vector<Candidate> codes;
  for (const base::ErrorArea *area : base::error_areas()) {
    for (const base::ErrorText &text : area->errors) codes.push_back({base::name_of(text.code), text.title});
  }
  return codes;
}

/// An image can be named by its file. A word that no kernel's name begins with is meant as such a file.
FileNames files_beside(const std::vector<Candidate> &kernels, const std::string &written) {
  const auto has_name =
      std::any_of(kernels.begin(), kernels.end(), [&](const Candidate &one) { return one.word.starts_with(written); });
  return has_name ? FileNames::none : FileNames::files;
}

/// Splits a list at its last comma: the values in front of it go to `before`, and are no candidates any more.
std::set<std::string> take_values(std::string &before, std::string &written) {
  std::set<std::string> values;
  for (std::size_t comma = written.find(','); comma != std::string::npos; comma = written.find(',')) {
    values.insert(written.substr(0, comma));
    before += written.substr(0, comma + 1);
    written.erase(0, comma + 1);
  }
  return values;
}

Completion value_of(const OptionTree &option, const Line &line, std::string before, std::string written,
                    const NameSources &sources) {
  const std::set<std::string> taken = option.list ? take_values(before, written) : std::set<std::string>();
  Completion completion;
  completion.before = std::move(before);
  std::vector<Candidate> &candidates = completion.candidates;
  switch (option.kind) {
    case ValueKind::none:
    case ValueKind::text:
      break;
    case ValueKind::choice:
      for (const std::string &choice : option.choices) candidates.push_back({choice, ""});
      break;
    case ValueKind::file:
      completion.file_names = FileNames::files;
      break;
    case ValueKind::folder:
      completion.file_names = FileNames::folders;
      break;
    case ValueKind::input:
      completion.file_names = FileNames::plans;
      break;
    case ValueKind::kernel:
      candidates = sources.kernels();
      completion.file_names = files_beside(candidates, written);
      break;
    case ValueKind::test_id:
      candidates = sources.cases({line.arguments().begin(), line.arguments().end()});
      break;
    case ValueKind::code:
      candidates = error_codes();
      break;
  }
  std::erase_if(candidates, [&](const Candidate &one) { return taken.contains(one.word); });
  return completion;
}

Completion options_of(const Line &line) {
  Completion completion;
  for (const OptionTree &option : line.command().options) {
    if (!line.can_be_given(option)) continue;
    for (const std::string &name : option.names) completion.candidates.push_back({name, option.description});
  }
  return completion;
}

/// Replaces control characters, at which the stubs split, by blanks.
std::string without_controls(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

std::string_view name_of(FileNames file_names) {
  switch (file_names) {
    case FileNames::files:
      return "files";
    case FileNames::folders:
      return "folders";
    case FileNames::plans:
      return "plans";
    case FileNames::none:
      break;
  }
  return "words";
}

}  // namespace

Completion complete(const CommandTree &tree, const std::vector<std::string> &words, const NameSources &sources) {
  if (words.empty()) return {};
  Line line(tree);
  std::for_each(words.begin(), std::prev(words.end()), [&](const std::string &word) { line.read(word); });
  const std::string &last = words.back();
  if (line.waiting() != nullptr) return value_of(*line.waiting(), line, "", last, sources);
  if (line.is_option(last)) {
    const std::size_t equals = last.find('=');
    if (!last.starts_with("--") || equals == std::string::npos) return options_of(line);
    const OptionTree *option = line.option(last);
    if (option == nullptr) return {};
    return value_of(*option, line, last.substr(0, equals + 1), last.substr(equals + 1), sources);
  }
  Completion completion;
  if (const OptionTree *argument = line.next_argument()) completion = value_of(*argument, line, "", last, sources);
  for (const CommandTree &command : line.command().commands)
    completion.candidates.push_back({command.name, command.summary});
  return completion;
}

std::string answer_text(const Completion &completion) {
  std::string text = std::string(name_of(completion.file_names)) + "\t" + without_controls(completion.before) + "\n";
  for (const Candidate &candidate : completion.candidates) {
    text += without_controls(candidate.word);
    if (!candidate.description.empty()) text += "\t" + without_controls(candidate.description);
    text += "\n";
  }
  return text;
}

}  // namespace kmodtest::cli
