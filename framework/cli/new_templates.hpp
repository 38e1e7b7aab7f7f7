// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

/// The files that `kmodtest new` writes. Their texts are in templates/ at the top of the source tree, which the build
/// embeds.
namespace kmodtest::cli {

/// A module to begin with: the folder templates/NAME.
struct ModuleKind {
  const char *name;     ///< for --kind
  const char *summary;  ///< "a kernel thread that wakes up periodically"
};

/// Lists the kinds in the order of --help; the first is the default.
const std::vector<ModuleKind> &module_kinds();

/// A CI system that runs the plan of a new module.
struct CiKind {
  const char *name;           ///< for --ci
  const char *title;          ///< "GitHub"
  const char *path;           ///< of its file, below the new folder
  const char *template_path;  ///< of its file, below templates/
};

const std::vector<CiKind> &ci_kinds();

/// Returns the kind of this name; null when there is none ("none").
const CiKind *ci_kind(const std::string &name);

/// One file of a new module.
struct NewFile {
  std::string path;   ///< below the new folder
  std::string about;  ///< a few words for the user
  std::string text;
};

/// Fills in the templates for a module of this name and kind. `ci` is null when no CI system gets a file.
std::vector<NewFile> new_module_files(const std::string &name, const ModuleKind &kind, const CiKind *ci);

}  // namespace kmodtest::cli
