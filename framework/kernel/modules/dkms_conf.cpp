// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/dkms_conf.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <regex>
#include <sstream>
#include <vector>

#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

/// Stands for the folder of DKMS's own trees until it is known which module is meant.
constexpr const char *kDkmsTree = "/var/lib/dkms";

/// One statement of a shell file: a line, or several by quotes and backslashes.
std::vector<std::string> statements_of(std::string_view text) {
  std::vector<std::string> statements(1);
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      if (text[++i] != '\n') statements.back().append(1, c).append(1, text[i]);
      continue;
    }
    const bool begins =
        statements.back().empty() || statements.back().back() == ' ' || statements.back().back() == '\t';
    if (c == '#' && quote == 0 && begins) {
      i = std::min(text.find('\n', i), text.size()) - 1;
      continue;
    }
    if (quote == 0 && (c == '"' || c == '\'' || c == '`')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    if (quote == 0 && (c == '\n' || c == ';')) {
      statements.emplace_back();
    } else {
      statements.back() += c;
    }
  }
  return statements;
}

/// Returns by how much a statement goes into an `if`, a loop or a function, or out of it.
int nesting_of(const std::string &statement) {
  std::istringstream words(statement);
  std::string word;
  words >> word;
  if (word == "if" || word == "case" || word == "for" || word == "while" || word == "until") return 1;
  if (word == "fi" || word == "esac" || word == "done") return -1;
  return 0;
}

struct Assigned {
  std::string name, index, value;
};

std::optional<Assigned> assigned_by(const std::string &statement) {
  static const std::regex form(
      R"re(\s*(?:then\s+|else\s+|export\s+|local\s+)?([A-Za-z_][A-Za-z0-9_]*)(?:\[([^\]]*)\])?=([\s\S]*))re");
  std::smatch match;
  if (!std::regex_match(statement, match, form)) return std::nullopt;
  return Assigned{match[1], match[2], std::string(text::trimmed(match[3].str()))};
}

std::optional<std::regex> regex_of(const std::string &text) {
  try {
    return std::regex(text, std::regex::egrep);
  } catch (const std::regex_error &) {
    return std::nullopt;
  }
}

bool matches(const std::string &text, const std::string &pattern) {
  const auto form = regex_of(pattern);
  return !form || std::regex_search(text, *form);
}

/// Returns the numbers of a release: 6, 1, 0 for "6.1.0-50-cloud-amd64".
std::vector<int> numbers_of(std::string_view release) {
  std::vector<int> numbers;
  while (const auto number = text::leading_number<int>(release, 10)) {
    numbers.push_back(*number);
    const auto end = std::min(release.find_first_not_of("0123456789"), release.size());
    if (end == release.size() || release[end] != '.') break;
    release.remove_prefix(end + 1);
  }
  return numbers;
}

std::string missing_options(const std::string &wanted, const KernelConfig &config) {
  std::istringstream words(wanted);
  std::string missing;
  for (std::string word; words >> word;) {
    const bool absent = word.starts_with('!');
    const auto value = config.value(absent ? word.substr(1) : word);
    const bool set = value && (*value == "y" || *value == "m");
    if (set == absent) missing += (missing.empty() ? "" : " ") + word;
  }
  return missing;
}

}  // namespace

DkmsConf::DkmsConf(const std::string &text, DkmsPlaces places) : places_(std::move(places)) {
  values_["kernelver"] = places_.release;
  values_["kernel_source_dir"] = places_.headers;
  values_["dkms_tree"] = kDkmsTree;
  values_["source_tree"] = "/usr/src";
  values_["arch"] = values_["ARCH"] = "x86_64";
  read(text);
}

void DkmsConf::read(std::string_view text) {
  int depth = 0;
  for (const auto &statement : statements_of(text)) {
    const int change = nesting_of(statement);
    depth += change;
    const auto assigned = assigned_by(statement);
    if (!assigned || change != 0) continue;
    std::string name = assigned->name;
    if (!assigned->index.empty()) {
      const auto index = filled_in(assigned->index, [this](const std::string &of) { return value(of); });
      if (!index || !text::leading_number<int>(*index, 10)) {
        unknown_arrays_.insert(name);
        continue;
      }
      name += "[" + *index + "]";
    }
    assign(name, assigned->value, depth > 0);
  }
}

void DkmsConf::assign(const std::string &name, std::string_view text, bool conditional) {
  ShellValue value;
  if (!conditional) value = filled_in(text, [this](const std::string &of) { return this->value(of); });
  if (value) value = rooted(unquoted(*value));
  if (!value) unknown_arrays_.insert(name.substr(0, name.find('[')));
  values_[name] = std::move(value);
}

/// Names the folder of the build, whichever of DKMS's names it has in the file.
std::string DkmsConf::rooted(std::string value) const {
  const std::string package = this->value("PACKAGE_NAME").value_or("");
  const std::string version = this->value("PACKAGE_VERSION").value_or("");
  if (!package.empty() && !version.empty()) {
    value = text::replaced(value, fmt::format("{}/{}/{}/build", kDkmsTree, package, version), places_.folder);
    value = text::replaced(value, fmt::format("/usr/src/{}-{}", package, version), places_.folder);
  }
  return text::replaced(value, fmt::format("/lib/modules/{}/build", places_.release), places_.headers);
}

ShellValue DkmsConf::value(const std::string &name) const {
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  // The first element of an array can be written without its number.
  if (name.ends_with("[0]")) return value(name.substr(0, name.size() - 3));
  const auto first = values_.find(name + "[0]");
  return first == values_.end() ? ShellValue("") : first->second;
}

std::map<int, std::string> DkmsConf::values(const std::string &name) const {
  std::map<int, std::string> found;
  for (const auto &[key, value] : values_) {
    if (!value) continue;
    if (key == name) found.emplace(0, *value);
    if (!key.starts_with(name + "[")) continue;
    if (const auto number = text::leading_number<int>(key.substr(name.size() + 1), 10)) found[*number] = *value;
  }
  return found;
}

std::optional<Exclusion> dkms_exclusion(const DkmsConf &conf, const std::string &release,
                                        const std::optional<KernelConfig> &config) {
  const auto get = [&](const char *name) { return conf.value(name).value_or(""); };
  const std::string kernel = get("BUILD_EXCLUSIVE_KERNEL");
  if (!kernel.empty() && !matches(release, kernel)) {
    return Exclusion{fmt::format("dkms.conf: BUILD_EXCLUSIVE_KERNEL=\"{}\" does not match {}", kernel, release)};
  }
  const std::string least = get("BUILD_EXCLUSIVE_KERNEL_MIN");
  if (!least.empty() && numbers_of(release) < numbers_of(least)) {
    return Exclusion{fmt::format("dkms.conf: the module needs at least kernel {}, and this is {}", least, release)};
  }
  const std::string most = get("BUILD_EXCLUSIVE_KERNEL_MAX");
  if (!most.empty() && numbers_of(release) > numbers_of(most)) {
    return Exclusion{fmt::format("dkms.conf: the module is for kernels up to {}, and this is {}", most, release)};
  }
  const std::string arch = get("BUILD_EXCLUSIVE_ARCH");
  if (!arch.empty() && !matches("x86_64", arch)) {
    return Exclusion{fmt::format("dkms.conf: BUILD_EXCLUSIVE_ARCH=\"{}\" does not match x86_64", arch)};
  }
  const std::string missing = config ? missing_options(get("BUILD_EXCLUSIVE_CONFIG"), *config) : std::string();
  if (!missing.empty()) {
    return Exclusion{fmt::format("dkms.conf: BUILD_EXCLUSIVE_CONFIG asks for {}, which the kernel {} does not have",
                                 missing, release),
                     true};
  }
  return std::nullopt;
}

}  // namespace kmodtest::kernel
