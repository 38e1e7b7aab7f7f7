// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/write_error.hpp"
#include "cli/command.hpp"
#include "cli/new_templates.hpp"
#include "plan/module_lookup.hpp"
#include "storage/files.hpp"
#include "text/escape.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;

struct NewCommand {
  std::string name, kind = module_kinds().front().name, ci = ci_kinds().front().name;
  fs::path in = ".";

  int execute() const;
};

void check_name(const std::string &name) {
  const bool letter_first = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z'));
  const bool nothing = name == "null" || name == "Null" || name == "NULL";  // in YAML
  if (letter_first && plan::is_module_name(name) && !nothing) return;
  throw base::UsageError(
      base::Code::bad_name, fmt::format("'{}' is not a valid module name", text::printable(name)),
      "use a letter, then letters, digits, '_' and '-', at most 55 characters; --in DIR sets the folder");
}

/// Writes all files into a temporary folder, and renames it. Throws base::Error; then nothing is left behind.
void write_folder(const fs::path &folder, const std::vector<NewFile> &files) {
  std::string hidden = (folder.parent_path() / fmt::format(".{}-XXXXXX", folder.filename().string())).string();
  if (::mkdtemp(hidden.data()) == nullptr) {
    throw base::UsageError(
        base::code_of_write(errno),
        fmt::format("cannot create a folder in {}: {}", folder.parent_path().string(), std::strerror(errno)),
        "give --in DIR a folder that you can write to");
  }
  const fs::path unfinished = hidden;
  try {
    for (const NewFile &file : files) {
      storage::make_folder((unfinished / file.path).parent_path());
      storage::write_whole_file(unfinished / file.path, file.text);
    }
    fs::permissions(unfinished, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                                    fs::perms::others_read | fs::perms::others_exec);
    // Not std::filesystem::rename(), which would replace an existing empty folder.
    if (::renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, folder.c_str(), RENAME_NOREPLACE) != 0) {
      throw base::UsageError(base::code_of_write(errno),
                             fmt::format("cannot create {}: {}", folder.string(), std::strerror(errno)),
                             "give --in DIR a folder that you can write to");
    }
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    throw;
  }
}

/// Returns the top folder of the repository that contains the folder; empty when there is none.
fs::path repository_of(const fs::path &folder) {
  std::error_code error;
  for (fs::path at = fs::absolute(folder, error).lexically_normal(); at.has_relative_path(); at = at.parent_path()) {
    if (fs::exists(at / ".git", error)) return at;
  }
  return {};
}

int NewCommand::execute() const {
  check_name(name);
  std::error_code error;
  if (!fs::is_directory(in, error)) {
    throw base::UsageError(base::Code::no_such_input, fmt::format("there is no folder {}", in.string()),
                           "create it first, or omit --in");
  }
  const fs::path folder = (in / name).lexically_normal();
  if (fs::exists(fs::symlink_status(folder, error))) {
    throw base::UsageError(base::Code::is_there_already,
                           fmt::format("{} already exists, and nothing is overwritten", folder.string()),
                           "choose another name, or another folder with --in");
  }
  const auto &kinds = module_kinds();
  const auto chosen = std::find_if(kinds.begin(), kinds.end(), [&](const ModuleKind &one) { return kind == one.name; });
  const CiKind *const wanted_ci = ci_kind(ci);
  std::vector<NewFile> files = new_module_files(name, *chosen, wanted_ci);
  files.push_back({"kmodtest.schema.json", "for editors", plan::json_schema()});
  write_folder(fs::absolute(folder), files);

  std::size_t width = 0;
  for (const NewFile &file : files) width = std::max(width, file.path.size());
  fmt::print("created {}/\n", folder.string());
  for (const NewFile &file : files) fmt::print("  {:{}}  {}\n", file.path, width, file.about);
  if (wanted_ci != nullptr) {
    fmt::print("note: enter in {} where your copy of kmodtest's repository is\n", wanted_ci->path);
    if (const fs::path top = repository_of(in); !top.empty()) {
      fmt::print("note: {} reads {} only at the top of a repository: move it to {}\n", wanted_ci->title,
                 fs::path(wanted_ci->path).begin()->string(), top.string());
    }
  }
  fmt::print("next:\n  cd {}\n  kmodtest run .\n", text::shell_word(folder.string()));
  return 0;
}

}  // namespace

std::function<int()> add_new(CLI::App &app) {
  auto command = std::make_shared<NewCommand>();
  std::vector<std::string> kinds, cis;
  std::string about;
  for (const ModuleKind &kind : module_kinds()) {
    kinds.emplace_back(kind.name);
    about += fmt::format("\n  {}: {}", kind.name, kind.summary);
  }
  for (const CiKind &ci : ci_kinds()) cis.emplace_back(ci.name);
  cis.emplace_back("none");
  app.add_option("name", command->name, "the module's name, which its new folder gets, too")
      ->required()
      ->type_name("NAME");
  app.add_option("--in", command->in, "the folder to create it in (default: the current one)")->type_name("DIR");
  app.add_option("--kind", command->kind, "what to start with (default: kthread)" + about)
      ->check(CLI::IsMember(kinds))
      ->type_name("KIND");
  app.add_option("--ci", command->ci, "the CI system to write a file for (default: github)")
      ->check(CLI::IsMember(cis))
      ->type_name("github|gitlab|none");
  return [command] { return command->execute(); };
}

}  // namespace kmodtest::cli
