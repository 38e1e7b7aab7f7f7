// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/build_stamp.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

#include "storage/files.hpp"

namespace kmodtest::kernel {

bool Stamp::has_all_in(const std::filesystem::path &root) const {
  return !modules.empty() && std::all_of(modules.begin(), modules.end(), [&](const std::string &module) {
    std::error_code error;
    return std::filesystem::exists(root / module, error);
  });
}

Stamp read_stamp(const std::filesystem::path &file) {
  Stamp stamp;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return stamp;
  std::istringstream lines(storage::read_whole_file(file));
  std::getline(lines, stamp.settings);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    if (space == std::string::npos) continue;
    const auto word = line.substr(0, space);
    std::string rest = line.substr(space + 1);
    if (word == "built") {
      stamp.modules.push_back(std::move(rest));
    } else if (word == "content") {
      stamp.content = std::move(rest);
    } else {
      stamp.files.emplace(std::move(rest), word);
    }
  }
  return stamp;
}

void write_stamp(const std::filesystem::path &file, const Stamp &stamp) {
  std::string text = stamp.settings + "\n";
  for (const auto &[name, digest] : stamp.files) text += fmt::format("{} {}\n", digest, name);
  for (const auto &module : stamp.modules) text += fmt::format("built {}\n", module);
  text += fmt::format("content {}\n", stamp.content);
  storage::write_whole_file(file, text);
}

std::filesystem::path build_folder_of(const std::filesystem::path &ko) {
  std::error_code error;
  for (std::filesystem::path folder = ko.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
    if (std::filesystem::exists(folder / kStamp, error)) return folder;
  return {};
}

}  // namespace kmodtest::kernel
