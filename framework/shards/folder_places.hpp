// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <utility>

#include "outcome/event.hpp"

namespace kmodtest::shards {

/// The places of cases' folders among the folders of a run: results of several shards can have folders of one name.
class FolderPlaces {
 public:
  explicit FolderPlaces(std::filesystem::path folders) : folders_(std::move(folders)) {}

  /// Returns the place of a folder that has this path in a result; makes a folder there the first time.
  std::filesystem::path of(const std::filesystem::path &in_results);

 private:
  std::filesystem::path folders_;
  std::map<std::filesystem::path, std::filesystem::path> places_;
};

/// Replaces the folders of a case, and of its other attempts, by those that `place` returns for them.
void settle_folders(outcome::CaseFinished &finished,
                    const std::function<std::filesystem::path(const std::filesystem::path &folder)> &place);

}  // namespace kmodtest::shards
