// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/repeatability.hpp"

#include <utility>

namespace kmodtest::run {

void RepeatabilityCheck::compare(outcome::CaseFinished &finished, const std::filesystem::path &folder) {
  if (finished.digest.empty()) return;
  std::shared_ptr<const outcome::CaseFinished> &first =
      first_[{finished.test_case->id, finished.test_case->plan_file, finished.test_case->input}];
  if (first == nullptr) {
    auto copy = std::make_shared<outcome::CaseFinished>(finished);
    copy->artifacts = folder;
    first = std::move(copy);
  } else if (first->digest != finished.digest) {
    finished.unlike = first;
    finished.artifacts = folder;
  }
}

}  // namespace kmodtest::run
