// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/folder_places.hpp"

#include <memory>
#include <string>

#include "storage/files.hpp"
#include "storage/free_name.hpp"

namespace kmodtest::shards {

std::filesystem::path FolderPlaces::of(const std::filesystem::path &in_results) {
  const auto [known, is_new] = places_.emplace(in_results, std::filesystem::path());
  if (is_new) {
    const std::string name = storage::free_name(in_results.filename().string(), [this](const std::string &each) {
      return !std::filesystem::exists(folders_ / each);
    });
    known->second = folders_ / name;
    storage::make_folder(known->second);
  }
  return known->second;
}

void settle_folders(outcome::CaseFinished &finished,
                    const std::function<std::filesystem::path(const std::filesystem::path &)> &place) {
  const auto settle = [&place](outcome::CaseFinished &each) {
    each.artifacts = place(each.artifacts);
    if (!each.vmcore.empty()) each.vmcore = each.artifacts / "vmcore";
  };
  settle(finished);
  for (outcome::CaseFinished &earlier : finished.earlier) settle(earlier);
  if (finished.unlike) {
    outcome::CaseFinished unlike = *finished.unlike;
    settle(unlike);
    finished.unlike = std::make_shared<outcome::CaseFinished>(std::move(unlike));
  }
}

}  // namespace kmodtest::shards
