// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/mirror.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <sstream>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "kernel/modules/shell_text.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

constexpr const char *kVariable = "KMODTEST_MIRROR";

}  // namespace

Distribution parse_os_release(const std::string &text) {
  Distribution found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    const auto name = line.substr(0, equals);
    if (equals == std::string::npos) continue;
    if (name == "ID") found.id = unquoted(line.substr(equals + 1));
    if (name == "VERSION_CODENAME") found.codename = unquoted(line.substr(equals + 1));
  }
  return found;
}

Distribution this_distribution() {
  std::error_code error;
  for (const char *file : {"/etc/os-release", "/usr/lib/os-release"}) {
    if (std::filesystem::exists(file, error)) return parse_os_release(storage::read_whole_file(file));
  }
  return {};
}

std::string choose_mirror(const std::string &targets, const std::string &suite, const Distribution &machine) {
  // The mirrors of other distributions have no suite of Debian.
  const std::string release = machine.id == "debian" ? machine.codename : std::string();
  const std::string wanted = suite.ends_with("-security") ? release + "-security" : release;
  std::string mirror;
  std::istringstream lines(targets);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find('|');
    const auto second = line.find('|', first + 1);
    if (first == std::string::npos || second == std::string::npos || line.substr(0, first) != "Packages") continue;
    const auto found = line.substr(first + 1, second - first - 1);
    auto uri = line.substr(second + 1);
    if (found == suite) return uri;
    if (!release.empty() && found == wanted && mirror.empty()) mirror = uri;
  }
  return mirror;
}

std::string mirror_by_variable(std::string value, const std::string &suite) {
  if (value.find(":/") == std::string::npos || value.find_first_of(" \t\n[]") != std::string::npos) {
    throw base::UsageError(base::Code::bad_environment,
                           fmt::format("{} takes the address of a Debian mirror, not '{}'", kVariable, value),
                           "an address begins with http://, https:// or file:/ and leads to a folder that has dists/");
  }
  while (value.ends_with('/')) value.pop_back();
  return suite.ends_with("-security") ? value + "-security" : value;
}

Mirrors::Mirrors() : by_variable_(base::variable(kVariable)) {
  if (!by_variable_.empty()) return;
  targets_ = base::run_process({"apt-get", "indextargets", "--format", "$(CREATED_BY)|$(RELEASE)|$(REPO_URI)"},
                               {.environment = {{"LC_ALL", "C"}}})
                 .out;
  machine_ = this_distribution();
}

std::string Mirrors::of(const std::string &suite) const {
  if (!by_variable_.empty()) return mirror_by_variable(by_variable_, suite);
  return choose_mirror(targets_, suite, machine_);
}

}  // namespace kmodtest::kernel
