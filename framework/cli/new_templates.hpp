// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace kmodtest::cli {

/// One file of a new module. `@name@` is the name as given, `@ident@` the same as lsmod prints it and as C takes it.
struct TemplateFile {
  const char *path;
  const char *about;  ///< a few words for the user
  const char *text;
};

/// A module to begin with.
struct ModuleKind {
  const char *name;     ///< for --kind
  const char *summary;  ///< "a kernel thread that wakes up periodically"
  const char *source;   ///< of NAME/NAME.c
  const char *plan;     ///< of NAME.yaml
};

/// In the order in which help lists them; the first is the default.
const std::vector<ModuleKind> &module_kinds();

/// What a new module has whatever its kind is: Kbuild, README.md (where `@ci@` is a row about the file for CI),
/// .gitignore.
const std::vector<TemplateFile> &common_files();

/// Of --ci: "github", "gitlab".
struct CiKind {
  const char *name;
  TemplateFile file;
};
const std::vector<CiKind> &ci_kinds();

/// The text with its placeholders filled in.
std::string filled_in(std::string text, const std::string &name);

}  // namespace kmodtest::cli
