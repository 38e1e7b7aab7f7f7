// SPDX-License-Identifier: GPL-2.0-or-later
// The files of the user's that a case brings into its guest.
#include "storage/files.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <string>
#include <vector>

#include "kernel/programs/shared_libraries.hpp"
#include "run/prepare/prepare.hpp"

namespace kmodtest::run {

namespace fs = std::filesystem;

namespace {

/// Returns the file, or all files in the folder, each with its path in the guest.
std::vector<plan::FileSource> files_in(const plan::FileSource &source) {
  std::error_code error;
  if (!fs::is_directory(source.from, error)) return {source};
  std::vector<plan::FileSource> files;
  for (const auto &entry : fs::recursive_directory_iterator(source.from, error)) {
    if (!entry.is_regular_file(error)) continue;
    files.push_back({entry.path(), source.to + "/" + entry.path().lexically_relative(source.from).string()});
  }
  std::sort(files.begin(), files.end(), [](const auto &a, const auto &b) { return a.to < b.to; });
  return files;
}

}  // namespace

void Preparer::add_files(const plan::Case &test_case, Prepared &prepared) {
  std::set<std::string> taken;
  const auto add = [&](const fs::path &file, const std::string &path) {
    if (!taken.insert(path).second) return;
    const std::function<std::shared_ptr<const std::string>()> read = [&] {
      return std::make_shared<const std::string>(storage::read_whole_file(file));
    };
    prepared.files.push_back({.path = path, .content = contents_.get(file.string(), read)});
  };
  std::vector<plan::FileSource> files;
  for (const auto &source : test_case.files) {
    for (auto &file : files_in(source)) files.push_back(std::move(file));
  }
  for (const auto &file : files) add(file.from, file.to);
  for (const auto &file : files) {
    const std::function<Libraries()> find = [&] { return kernel::needed_libraries(file.from); };
    for (const auto &library : libraries_.get(file.from.string(), find)) add(library.file, library.path);
  }
}

kernel::PackageFiles Preparer::packages_of(const plan::Case &test_case) {
  const std::function<kernel::PackageFiles()> fetch = [&] {
    return kernel::PackageStore(cache_, notices_).fetch(test_case.packages);
  };
  return packages_.get(fmt::format("{}", fmt::join(test_case.packages, " ")), fetch);
}

}  // namespace kmodtest::run
