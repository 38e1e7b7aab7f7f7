// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_tree.hpp"

/// Completion of the command line. A small stub in each shell asks `kmodtest __complete -- WORD...` for what can stand
/// in the place of the last word; the answer comes from the same tree of options as the help.
namespace kmodtest::cli {

/// The name of the hidden subcommand. It has no CLI11 app, so that neither the help nor the manual pages know it.
constexpr std::string_view kCompleteCommand = "__complete";

struct Candidate {
  std::string word;
  std::string description;  ///< empty: none

  friend bool operator==(const Candidate &, const Candidate &) = default;
};

/// The file names that the shell adds to the candidates by its own means.
enum class FileNames {
  none,
  files,
  folders,
  plans,  ///< plans, modules and folders
};

/// What can stand in the place of a word. Candidates are not filtered by what is written of the word, since each shell
/// has its own rules for that.
struct Completion {
  FileNames file_names = FileNames::none;
  std::string before;  ///< the part of the word in front of its value, such as "--junit=" or "--kernel=a,"
  std::vector<Candidate> candidates;
};

/// Names that are looked up only where they can stand.
struct NameSources {
  std::function<std::vector<Candidate>()> kernels;
  std::function<std::vector<Candidate>(const std::vector<std::filesystem::path> &inputs)> cases;
};

/// Completes the last of `words`, which follow the name of the program and have no quotes.
Completion complete(const CommandTree &tree, const std::vector<std::string> &words, const NameSources &sources);

/// Returns the kernels of the catalogue, and "host". Reads one file; an unreadable catalogue has no kernels.
std::vector<Candidate> kernel_candidates();

/// Returns the ids of the cases of plans and modules. Skips inputs that are missing or have errors.
std::vector<Candidate> case_candidates(const std::vector<std::filesystem::path> &inputs);

/// Returns the text that the stubs read: "words|files|folders|plans TAB before", then "word[TAB description]" on a line
/// for each candidate.
std::string answer_text(const Completion &completion);

/// Prints the answer for `arguments`, which are "--" and the words. Returns the exit code, which is always 0: a shell
/// that completes has no place for errors.
int print_answer(const CLI::App &app, const std::vector<std::string> &arguments);

/// Return the stubs. Their sources are the files kmodtest.* in this folder.
std::string_view bash_stub();
std::string_view zsh_stub();
std::string_view fish_stub();

}  // namespace kmodtest::cli
