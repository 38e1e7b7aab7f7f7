// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::report {

/// What KTAP needs to know of the cases before they run: little, because there can be 100,000 of them.
class KtapCases {
 public:
  using Plan = std::pair<std::string, std::string>;  ///< file and name

  explicit KtapCases(std::size_t cases) : cases_(cases) {}

  /// Names the case with this number, counted from 0 in the order of the plans.
  void set(std::size_t number, const plan::Case &test_case) {
    const Plan plan{test_case.plan_file.string(), test_case.plan_name};
    cases_[number] = {&*plans_.insert(plan).first, test_case.id};
  }

  struct Case {
    const Plan *plan = nullptr;
    std::string id;
  };
  const std::vector<Case> &all() const { return cases_; }

 private:
  std::set<Plan> plans_;
  std::vector<Case> cases_;
};

/// Makes the listener of make_ktap() (listeners.hpp) for these cases.
std::unique_ptr<outcome::Listener> make_ktap_of(const std::filesystem::path &file, const KtapCases &cases, int repeats,
                                                std::string version);

}  // namespace kmodtest::report
