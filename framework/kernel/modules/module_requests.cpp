// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/module_requests.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fnmatch.h>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "text/module_name.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShortestName = 2;
constexpr std::size_t kLongestName = 64;    // kernel: MODULE_NAME_LEN in include/linux/module.h
constexpr std::size_t kFewestLetters = 3;   // of a format apart from its conversions
constexpr std::size_t kMostOfAFormat = 64;  // modules; a format for more of them says nothing

/// What the kernel puts before a name when it requests a module by its own name rather than by an alias: algorithms to
/// search a text, character sets, congestion control, targets of the device mapper, traffic control, schedulers of IPVS
/// (kernel: request_module() in lib/textsearch.c, fs/nls/nls_base.c, net/ipv4/tcp_cong.c, drivers/md/dm-target.c,
/// net/sched/, net/netfilter/ipvs/ip_vs_sched.c).
constexpr const char *kPrefixes[] = {"ts_", "nls_", "tcp_", "dm_", "sch_", "cls_", "act_", "ip_vs_"};

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_-:.%").find(c) != std::string_view::npos;
}

bool has_letter(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
}

/// Returns "net-pf-*" for "net-pf-%d"; empty if the rest says too little.
std::string glob_of(std::string_view format) {
  std::string glob;
  std::size_t letters = 0;
  while (!format.empty()) {
    const char first = format.front();
    format.remove_prefix(1);
    if (first != '%') {
      glob += first;
      if (std::isalpha(static_cast<unsigned char>(first)) != 0) ++letters;
      continue;
    }
    format.remove_prefix(std::min(format.find_first_not_of("-+ #0123456789.*hlLqjzt"), format.size()));
    if (!format.empty()) format.remove_prefix(1);
    glob += '*';
  }
  return letters < kFewestLetters ? std::string() : glob;
}

/// Calls `take` with the words of each line that begins with `keyword`.
template <class Take>
void for_each_line(const fs::path &file, const std::string &keyword, const Take &take) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word != keyword) continue;
    std::vector<std::string> rest;
    while (words >> word) rest.push_back(word);
    take(rest);
  }
}

/// Returns about how many bytes the modules have when they are not compressed.
std::uintmax_t loaded_bytes(const std::vector<fs::path> &files) {
  constexpr std::uintmax_t kCompression = 4;
  std::uintmax_t bytes = 0;
  for (const fs::path &file : files) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (!error) bytes += file.extension() == ".ko" ? size : size * kCompression;
  }
  return bytes;
}

std::string file_name(const std::string &module) {
  return module + ".ko";
}

}  // namespace

RequestableModules::RequestableModules(const fs::path &modules_dir) : index_(module_index(modules_dir)) {
  for_each_line(modules_dir / "modules.alias", "alias", [&](const std::vector<std::string> &words) {
    if (words.size() == 2) aliases_.push_back({.pattern = words[0], .module = text::lsmod_name(words[1])});
  });
  for_each_line(modules_dir / "modules.softdep", "softdep", [&](const std::vector<std::string> &words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (!words[i].ends_with(':')) wishes_.emplace_back(text::lsmod_name(words[0]), words[i]);
    }
  });
}

std::vector<std::string> RequestableModules::modules_for(const std::string &name) const {
  std::vector<std::string> found;
  if (index_->loadable(name)) found.push_back(text::lsmod_name(name));
  if (name.find('%') == std::string::npos) {
    for (const char *prefix : kPrefixes) {
      std::string module = prefix + text::lsmod_name(name);
      if (index_->loadable(module)) found.push_back(std::move(module));
    }
    const std::string end = '-' + name;
    for (const Alias &alias : aliases_) {
      if (alias.pattern.ends_with(end) || ::fnmatch(alias.pattern.c_str(), name.c_str(), 0) == 0)
        found.push_back(alias.module);
    }
    return found;
  }
  const std::string glob = glob_of(name);
  if (glob.empty()) return found;
  for (const Alias &alias : aliases_) {
    if (::fnmatch(glob.c_str(), alias.pattern.c_str(), 0) == 0) found.push_back(alias.module);
  }
  const std::string of_names = text::lsmod_name(glob);
  for (const std::string &module : index_->loadable_modules()) {
    if (::fnmatch(of_names.c_str(), module.c_str(), 0) == 0) found.push_back(module);
  }
  if (found.size() > kMostOfAFormat) found.clear();
  return found;
}

void RequestableModules::add_wished(const std::string &module, std::vector<std::string> &wanted) const {
  for (const auto &[owner, name] : wishes_) {
    if (owner != module) continue;
    for (std::string &wished : modules_for(name)) wanted.push_back(std::move(wished));
  }
}

ModuleSelection RequestableModules::named_by(const std::vector<std::string> &names) const {
  ModuleSelection selection;
  std::vector<std::string> wanted;
  for (const std::string &name : std::set<std::string>(names.begin(), names.end())) {
    if (index_->builtin(name)) selection.builtin += "kernel/" + file_name(text::lsmod_name(name)) + '\n';
    for (std::string &module : modules_for(name)) wanted.push_back(std::move(module));
  }
  std::set<std::string> done;
  for (std::size_t i = 0; i < wanted.size(); ++i) {  // grows meanwhile
    const std::size_t before = selection.files.size();
    if (!index_->loadable(wanted[i])) continue;
    index_->add(wanted[i], selection.files, done);
    if (loaded_bytes(selection.files) > kMostRequestable) {
      for (std::size_t k = before; k < selection.files.size(); ++k) done.erase(module_name_of(selection.files[k]));
      selection.files.resize(before);
    }
    for (std::size_t k = before; k < selection.files.size(); ++k)
      add_wished(module_name_of(selection.files[k]), wanted);
  }
  for (const fs::path &file : selection.files) {
    const std::string module = module_name_of(file);
    selection.dependencies += file_name(module) + ':';
    for (const std::string &need : index_->needs_of(module)) {
      if (!index_->builtin(need)) selection.dependencies += ' ' + file_name(need);
    }
    selection.dependencies += '\n';
  }
  for (const Alias &alias : aliases_) {
    if (done.contains(alias.module)) selection.aliases += fmt::format("alias {} {}\n", alias.pattern, alias.module);
  }
  return selection;
}

std::vector<std::string> possible_names(const std::string &text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && is_name_char(text[end])) ++end;
    const std::string name = text.substr(begin, end - begin);
    if (name.size() >= kShortestName && name.size() <= kLongestName && has_letter(name)) names.push_back(name);
    begin = std::max(end, begin + 1);
  }
  return names;
}

}  // namespace kmodtest::kernel
