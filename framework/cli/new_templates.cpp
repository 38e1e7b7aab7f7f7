// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/new_templates.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>

#include "base/embedded.hpp"
#include "plan/module_lookup.hpp"
#include "text/module_name.hpp"
#include "text/replace.hpp"

namespace kmodtest::cli {

/// The files of templates/ (CMakeLists.txt).
base::EmbeddedFiles template_files();

namespace {

std::string template_text(const std::string &path) {
  return std::string(base::embedded_text(template_files(), path));
}

/// Replaces the placeholders of templates/README.md.
class Placeholders {
 public:
  Placeholders(const std::string &name, const CiKind *ci) : name_(name) {
    if (ci != nullptr) ci_row_ = text::replaced(template_text("ci/readme-row.md"), "@file@", ci->path);
  }

  std::string fill_in(std::string text) const {
    text = text::replaced(std::move(text), "@name@", name_);
    text = text::replaced(std::move(text), "@ident@", text::lsmod_name(name_));
    return text::replaced(std::move(text), "@ci@\n", ci_row_);
  }

 private:
  std::string name_, ci_row_;
};

}  // namespace

const std::vector<ModuleKind> &module_kinds() {
  static const std::vector<ModuleKind> kinds = {
      {"kthread", "a kernel thread that wakes up periodically"},
      {"chardev", "a character device in /dev that is read and written"},
      {"hello", "a parameter and two lines in the log, nothing else"},
  };
  return kinds;
}

const std::vector<CiKind> &ci_kinds() {
  static const std::vector<CiKind> kinds = {
      {"github", "GitHub", ".github/workflows/kmodtest.yml", "ci/github.yml"},
      {"gitlab", "GitLab", ".gitlab-ci.yml", "ci/gitlab.yml"},
  };
  return kinds;
}

const CiKind *ci_kind(const std::string &name) {
  const auto &kinds = ci_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const CiKind &kind) { return name == kind.name; });
  return found == kinds.end() ? nullptr : &*found;
}

std::vector<NewFile> new_module_files(const std::string &name, const ModuleKind &kind, const CiKind *ci) {
  const Placeholders placeholders(name, ci);
  std::vector<NewFile> files;
  const auto add = [&](std::string path, std::string about, const std::string &from) {
    files.push_back({std::move(path), std::move(about), placeholders.fill_in(template_text(from))});
  };
  add(fmt::format("{0}/{0}.c", name), kind.summary, fmt::format("{}/module.c", kind.name));
  add(fmt::format("{}/Kbuild", name), "how to build it", "common/Kbuild");
  add("README.md", "what to do next", "common/README.md");
  add(".gitignore", "files that a build leaves", "common/gitignore");
  add(fmt::format("{}.yaml", name), "its plan", fmt::format("{}/plan.yaml", kind.name));
  if (ci != nullptr) add(ci->path, fmt::format("runs the plan on {}", ci->title), ci->template_path);
  return files;
}

}  // namespace kmodtest::cli
