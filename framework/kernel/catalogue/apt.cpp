// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/apt.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>

#include "base/error.hpp"
#include "base/process.hpp"
#include "kernel/catalogue/mirror.hpp"
#include "storage/files.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

constexpr const char *kKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
constexpr const char *kOfflineHint =
    "connect this machine to its package mirror and try again, or give a kernel image with --kernel FILE";

base::ProcessOptions plain_words(const std::filesystem::path &directory = {}) {
  return {.directory = directory, .environment = {{"LC_ALL", "C"}, {"DEBIAN_FRONTEND", "noninteractive"}}};
}

/// Returns the first of apt's error messages, without its "E: ".
std::string complaint(const base::ProcessResult &result) {
  std::istringstream lines(result.err);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("E: ")) return line.substr(3);
    if (first.empty()) first = line;
  }
  return first.empty() ? fmt::format("exit status {}", result.exit_code) : first;
}

/// Returns apt's line about a dependency that it cannot have; else its first complaint.
std::string unmet(const base::ProcessResult &result) {
  std::istringstream lines(result.out + result.err);
  for (std::string line; std::getline(lines, line);)
    if (line.find(" Depends: ") != std::string::npos) return std::string(text::trimmed(line));
  return complaint(result);
}

std::vector<std::string> names_of(const std::string &relation) {
  std::vector<std::string> names;
  std::istringstream items(relation);
  for (std::string item; std::getline(items, item, ',');) {
    const auto begin = item.find_first_not_of(" \t");
    if (begin == std::string::npos) continue;
    names.push_back(item.substr(begin, item.find_first_of(" (:|", begin) - begin));
  }
  return names;
}

void set_field(Package &package, const std::string &key, const std::string &value) {
  if (key == "Package") package.name = value;
  if (key == "Version") package.version = value;
  if (key == "SHA256") package.sha256 = value;
  if (key == "Size") package.download_bytes = std::strtoull(value.c_str(), nullptr, 10);
  if (key == "Installed-Size") package.installed_bytes = std::strtoull(value.c_str(), nullptr, 10) * 1024;
  if (key == "Depends") package.depends = names_of(value);
  if ((key == "Essential" && value == "yes") || (key == "Priority" && value == "required")) package.is_required = true;
}

}  // namespace

bool says_disk_full(std::string_view output) {
  return text::contains(output, "No space left on device");
}

std::string download_notice(const Package &package) {
  return fmt::format("downloading {} {} ({:.1f} MB)", package.name, package.version,
                     static_cast<double>(package.download_bytes) / 1e6);
}

bool is_kernel_package(const std::string &name) {
  constexpr std::array kPrefixes{"linux-image-",  "linux-headers-", "linux-kbuild-",
                                 "linux-binary-", "linux-modules-", "linux-base-"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&name](const char *prefix) { return name.starts_with(prefix); });
}

std::vector<Package> parse_packages(const std::string &text) {
  std::vector<Package> packages;
  Package current;
  std::string key;
  std::string value;
  const auto end_field = [&] {
    if (!key.empty()) set_field(current, key, value);
    key.clear();
  };
  const auto end_stanza = [&] {
    end_field();
    if (!current.name.empty() && !current.version.empty()) packages.push_back(current);
    current = {};
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      end_stanza();
    } else if (line[0] == ' ' || line[0] == '\t') {
      value += line;
    } else if (const auto colon = line.find(':'); colon != std::string::npos) {
      end_field();
      key = line.substr(0, colon);
      const auto begin = line.find_first_not_of(" \t", colon + 1);
      value = begin == std::string::npos ? "" : line.substr(begin);
    }
  }
  end_stanza();
  return packages;
}

std::vector<ChosenPackage> parse_uris(const std::string &text) {
  std::vector<ChosenPackage> packages;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string uri, file;
    if (!line.starts_with('\'') || !(words >> uri >> file) || !file.ends_with(".deb")) continue;
    const auto first = file.find('_');
    const auto second = file.find('_', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    packages.push_back({file.substr(0, first), text::replaced(file.substr(first + 1, second - first - 1), "%3a", ":")});
  }
  return packages;
}

AptState::AptState(std::filesystem::path folder, std::string suite)
    : folder_(std::move(folder)), suite_(std::move(suite)) {
  const auto mirror = Mirrors().of(suite_);
  if (mirror.empty()) {
    throw base::Error(
        base::Code::no_mirror, fmt::format("apt's configuration names no mirror for the suite '{}'", suite_),
        "set KMODTEST_MIRROR to the address of a Debian mirror, add one to /etc/apt, or give a kernel image "
        "with --kernel FILE");
  }
  make_folders();
  std::error_code error;
  const std::string option = std::filesystem::exists(kKeyring, error) ? fmt::format("[signed-by={}] ", kKeyring) : "";
  storage::write_whole_file(folder_ / "sources.list", fmt::format("deb {}{} {} main\n", option, mirror, suite_));
  write_configuration(
      fmt::format("#clear APT::Default-Release;\n"
                  "Dir::Etc::sourcelist \"{0}/sources.list\";\nDir::Etc::sourceparts \"{0}/empty\";\n"
                  "Dir::Etc::preferences \"{0}/empty/none\";\n"
                  "Dir::Etc::preferencesparts \"{0}/empty\";\n",
                  folder_.string()));
}

AptState::AptState(std::filesystem::path folder) : folder_(std::move(folder)) {
  make_folders();
  write_configuration("");
}

void AptState::make_folders() const {
  storage::remove_folder(folder_);
  for (const char *below : {"lists/partial", "archives/partial", "empty", "log"}) storage::make_folder(folder_ / below);
  storage::write_whole_file(folder_ / "status", "");
}

/// Writes a configuration that is read after the machine's own files, so that it can clear their settings: hooks that
/// tidy up /var.
void AptState::write_configuration(std::string text) const {
  text +=
      "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n"
      "#clear APT::Update::Post-Invoke-Success;\n"
      "APT::Architecture \"amd64\";\n#clear APT::Architectures;\nAPT::Architectures { \"amd64\"; };\n"
      "APT::Update::Error-Mode \"any\";\nAcquire::Retries \"1\";\n#clear Acquire::Languages;\n"
      "Acquire::Languages \"none\";\n"
      // An ordinary user cannot become _apt, and _apt cannot read root's cache.
      "APT::Sandbox::User \"\";\n";
  const auto folder_option = [&](const char *name, const char *below) {
    text += fmt::format("{} \"{}\";\n", name, (folder_ / below).string());
  };
  folder_option("Dir::State", "");
  folder_option("Dir::State::lists", "lists");
  folder_option("Dir::State::status", "status");
  folder_option("Dir::Cache", "");
  folder_option("Dir::Cache::archives", "archives");
  // Images of containers switch these off. Without them, each call of apt reads all lists.
  folder_option("Dir::Cache::pkgcache", "pkgcache.bin");
  folder_option("Dir::Cache::srcpkgcache", "srcpkgcache.bin");
  folder_option("Dir::Log", "log");
  storage::write_whole_file(folder_ / "apt.conf", text);
}

/// Runs one of apt's programs with the private state.
base::ProcessResult AptState::run(std::vector<std::string> words, const std::filesystem::path &directory) const {
  words.insert(words.begin() + 1, {"-c", folder_ / "apt.conf"});
  return base::run_process(words, plain_words(directory));
}

void AptState::update() {
  const auto result = run({"apt-get", "-q", "update"});
  // Some of the machine's lists may do.
  if (suite_.empty() && !result.ok()) problem_ = complaint(result);
  if (result.ok() || (suite_.empty() && !says_disk_full(result.err))) return;
  if (says_disk_full(result.err)) {
    throw base::Error(base::Code::disk_full,
                      fmt::format("cannot fetch the package lists into {}: the disk is full", folder_.string()),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
  if (result.err.find("does not have a Release file") != std::string::npos ||
      result.err.find("no longer has a Release file") != std::string::npos) {
    throw base::Error(base::Code::suite_not_served,
                      fmt::format("this machine's mirror does not serve the suite '{}'", suite_),
                      "use another kernel from `kmodtest kernels list`, or give a kernel image with --kernel FILE");
  }
  throw base::Error(base::Code::download_failed,
                    fmt::format("cannot fetch the package lists of '{}': {}", suite_, complaint(result)), kOfflineHint);
}

Package AptState::show(const std::string &package) const {
  const auto result = run({"apt-cache", "show", "--no-all-versions", package});
  for (const auto &found : parse_packages(result.out)) {
    if (found.name == package) return found;
  }
  throw base::Error(base::Code::no_such_package, fmt::format("the suite '{}' has no package '{}'", suite_, package),
                    "correct the kernel's entry in kernels.yaml");
}

std::vector<Package> AptState::closure(const std::vector<std::string> &names) const {
  std::vector<std::string> words{"apt-get", "-q", "install", "--print-uris", "--no-install-recommends"};
  words.insert(words.end(), names.begin(), names.end());
  const auto result = run(words);
  if (!result.ok()) refuse(names, result);
  words = {"apt-cache", "show"};
  for (const ChosenPackage &chosen : parse_uris(result.out)) words.push_back(chosen.name + "=" + chosen.version);
  return parse_packages(run(words).out);
}

void AptState::refuse(const std::vector<std::string> &names, const base::ProcessResult &result) const {
  if (!problem_.empty())
    throw base::Error(base::Code::download_failed, fmt::format("cannot fetch the package lists: {}", problem_),
                      "connect this machine to its package mirror and try again");
  constexpr const char *kFindIt = "apt-cache search and apt-cache policy show what this machine's apt has";
  for (const std::string &name : names) {
    if (result.err.find(fmt::format("package {}\n", name)) != std::string::npos ||
        result.err.find(fmt::format("Package '{}' has no", name)) != std::string::npos)
      throw base::UsageError(base::Code::no_such_package, fmt::format("apt on this machine has no package '{}'", name),
                             kFindIt);
  }
  throw base::UsageError(base::Code::no_such_package,
                         fmt::format("apt cannot install {}: {}", fmt::join(names, ", "), unmet(result)), kFindIt);
}

void AptState::download(const std::vector<Package> &packages, const std::filesystem::path &to) const {
  std::vector<std::string> words{"apt-get", "-q", "download"};
  for (const auto &package : packages) words.push_back(package.name + "=" + package.version);
  const auto result = run(words, to);
  if (result.ok()) return;
  if (says_disk_full(result.err)) {
    throw base::Error(base::Code::disk_full,
                      fmt::format("cannot download packages into {}: the disk is full", to.string()),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
  throw base::Error(base::Code::download_failed,
                    fmt::format("cannot download {}: {}", packages.front().name, complaint(result)), kOfflineHint);
}

}  // namespace kmodtest::kernel
