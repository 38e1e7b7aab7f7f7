// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/makefiles.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <sstream>
#include <string_view>

#include "kernel/modules/module_source.hpp"
#include "kernel/modules/source_tree.hpp"
#include "storage/files.hpp"
#include "text/lines.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// Names that makefiles of drivers use, whatever they compute them from.
constexpr std::array kFolderNames{"KDIR",       "KERNEL_DIR",   "KERNELDIR", "KERNEL_SRC", "KERNEL_SOURCE",
                                  "KERNELSRC",  "KERNEL_TREE",  "KSRC",      "SYSSRC",     "KERNEL_PATH",
                                  "KERNELPATH", "KERNEL_BUILD", "KERN_DIR",  "LINUX_DIR",  "LINUX_SRC"};
constexpr std::array kReleaseNames{"KVERSION", "KVER", "KVERS", "KERNEL_VERSION", "KERNEL_RELEASE", "UNAME_R"};

/// Returns the lines with those joined that end in a backslash, and the number of each.
std::vector<MakefileLine> lines_of_makefile(const fs::path &file) {
  std::vector<MakefileLine> lines;
  int number = 0;
  bool goes_on = false;
  for (std::string line : text::lines_of(storage::read_whole_file(file))) {
    ++number;
    const bool more = line.ends_with('\\');
    if (more) line.back() = ' ';
    if (goes_on) {
      lines.back().text += line;
    } else {
      lines.push_back({.file = file, .line = number, .text = line});
    }
    goes_on = more;
  }
  return lines;
}

std::string without_comment(const std::string &line) {
  return line.substr(0, std::min(line.find('#'), line.size()));
}

bool asks_for_release(std::string_view text) {
  return text::contains(text, "uname -r") || text::contains(text, "uname  -r");
}

/// Returns whether a value is a release alone: "$(shell uname -r)", "`uname -r`".
bool is_release(const std::string &value) {
  static const std::regex form(R"re("?(\$\(shell\s+uname\s+-r\s*\)|`uname\s+-r\s*`)"?)re");
  return std::regex_match(value, form);
}

/// Returns whether a value is the folder for `make -C`: "/lib/modules/$(KVERSION)/build".
bool is_kernel_folder(const std::string &value) {
  if (value.find_first_of(" \t") != std::string::npos && !asks_for_release(value)) return false;
  const std::string_view bare = text::trimmed(value, "\"'/");
  const bool ends = bare.ends_with("/build") || bare.ends_with("/source");
  return (text::contains(value, "/lib/modules/") && ends) || value.starts_with("/usr/src/linux");
}

struct Assignment {
  std::string name, value;
};

std::optional<Assignment> assignment_of(const std::string &line) {
  static const std::regex form(
      R"re(\s*(?:export\s+|override\s+)*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\?=|::?=|=|\+=)\s*(.*))re");
  std::smatch match;
  if (line.starts_with('\t') || !std::regex_match(line, match, form)) return std::nullopt;
  return Assignment{match[1], std::string(text::trimmed(match[2].str()))};
}

/// Gathers what the lines of all makefiles say.
class Survey {
 public:
  void add(const MakefileLine &line) {
    const std::string text = without_comment(line.text);
    note_names(text);
    const auto assignment = assignment_of(text);
    if (assignment) take(*assignment);
    if (!asks_for_release(text) && !text::contains(text, "/lib/modules/")) return;
    if (text::contains(text, "install") || text::contains(text, "depmod")) return;
    auto &place = assignment && is_given(assignment->name) ? changeable_ : fixed_;
    if (!place) place = {line.file, line.line, std::string(text::trimmed(line.text))};
  }

  Makefiles result() {
    for (const auto &name : odd_releases_) found_.kernel_releases.erase(name);
    found_.running_kernel = fixed_ ? fixed_ : changeable_;
    return std::move(found_);
  }

 private:
  bool is_given(const std::string &name) const {
    return found_.kernel_folders.contains(name) || found_.kernel_releases.contains(name);
  }

  void take(const Assignment &assignment) {
    const auto is_name = [&](const char *name) { return assignment.name == name; };
    if (is_release(assignment.value)) {
      found_.kernel_releases.insert(assignment.name);
    } else if (is_kernel_folder(assignment.value)) {
      found_.kernel_folders.insert(assignment.name);
    } else if (std::any_of(kReleaseNames.begin(), kReleaseNames.end(), is_name) &&
               !text::contains(assignment.value, "$(")) {
      odd_releases_.insert(assignment.name);  // such as `uname -r | cut -d. -f1`
    }
  }

  void note_names(const std::string &text) {
    const auto names = [&](const std::string &name) {
      return text::contains(text, "$(" + name + ")") || text::contains(text, "${" + name + "}");
    };
    for (const char *name : kFolderNames) {
      if (names(name)) found_.kernel_folders.insert(name);
    }
    for (const char *name : kReleaseNames) {
      if (names(name)) found_.kernel_releases.insert(name);
    }
  }

  Makefiles found_;
  std::set<std::string> odd_releases_;
  std::optional<MakefileLine> fixed_, changeable_;
};

/// Returns the words of a rule's command that hand more to Kbuild than the folder and a usual target.
bool hands_more_to_kbuild(const std::string &command) {
  static const std::regex usual(
      R"re([@+-]*(\$[({]MAKE[)}]|make)|-C|-s|-w|-j\S*|-l\S*|("?)(M|SUBDIRS|V)=\S*|"?\S*(src|PWD|CURDIR|pwd)\S*|modules|all|\$@|\$\^|--\S+|&&|\|\||;|exit|1)re");
  std::istringstream words(std::regex_replace(command, std::regex(R"re(`[^`]*`|\$\(shell [^)]*\))re"), "$(PWD)"));
  std::string before;
  for (std::string word; words >> word; before = word) {
    if (before != "-C" && !std::regex_match(word, usual)) return true;
  }
  return false;
}

bool calls_kbuild(const std::string &line) {
  return line.starts_with('\t') && text::contains(line, " -C ") &&
         (text::contains(line, "M=") || text::contains(line, "SUBDIRS=") || text::contains(line, "$("));
}

bool is_for_later(const std::string &line) {
  return text::contains(line, "install") || text::contains(line, "clean") || text::contains(line, "help");
}

BuildWay way_of_makefile(const fs::path &file) {
  static const std::regex object(R"re(\s*(override\s+)?obj-\S+\s*[:+?]?=.*)re");
  bool objects = false;
  bool own = false;
  for (const auto &line : lines_of_makefile(file)) {
    const std::string text = without_comment(line.text);
    if (std::regex_match(text, object)) objects = true;
    if (calls_kbuild(text) && !is_for_later(text) && hands_more_to_kbuild(text)) own = true;
  }
  return objects && !own ? BuildWay::kbuild : BuildWay::own;
}

}  // namespace

std::vector<std::string> Makefiles::settings(const std::string &headers, const std::string &release) const {
  std::vector<std::string> all;
  for (const auto &name : kernel_folders) all.push_back(name + "=" + headers);
  for (const auto &name : kernel_releases) all.push_back(name + "=" + release);
  return all;
}

Makefiles read_makefiles(const fs::path &folder) {
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator(); ++entry) {
    std::error_code error;
    const auto name = entry->path().filename();
    if (entry->is_directory(error) && !is_module_source(name)) entry.disable_recursion_pending();
    if (entry->is_regular_file(error) && is_makefile(name.string())) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  Survey survey;
  std::vector<MakefileLine> lines;
  for (const auto &file : files) {
    for (auto &line : lines_of_makefile(file)) lines.push_back(std::move(line));
  }
  for (const auto &line : lines) survey.add(line);
  return survey.result();
}

std::optional<std::string> only_module_of(const fs::path &makefile) {
  static const std::regex object(R"re(\s*obj-m\s*[:+]?=\s*([\w-]+)\.o\s*)re");
  static const std::regex harmless(
      R"re((\s*([\w-]+-(objs|y)|ccflags-y|CFLAGS_[\w-]+\.o)\s*[:+]?=([^$]|\$\((src|obj)\))*)|\s*)re");
  std::optional<std::string> module;
  for (const auto &line : lines_of_makefile(makefile)) {
    const std::string text = without_comment(line.text);
    std::smatch match;
    if (std::regex_match(text, match, object)) {
      if (module) return std::nullopt;
      module = match[1].str();
    } else if (!std::regex_match(text, harmless)) {
      return std::nullopt;
    }
  }
  return module;
}

BuildWay build_way_of(const fs::path &folder) {
  std::error_code error;
  if (fs::exists(folder / "Kbuild", error)) return BuildWay::kbuild;
  if (fs::exists(folder / "Makefile", error)) return way_of_makefile(folder / "Makefile");
  for (const char *name : {"GNUmakefile", "makefile"}) {
    if (fs::exists(folder / name, error)) return BuildWay::own;
  }
  return BuildWay::none;
}

}  // namespace kmodtest::kernel
