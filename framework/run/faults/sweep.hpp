// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/run_options.hpp"

namespace kmodtest::run {

/// The cases of a sweep: one for each call that can fail.
struct Sweep {
  std::vector<std::shared_ptr<const plan::Case>> cases = {};
  std::size_t counted = 0;  ///< calls in all cases
  std::size_t chosen = 0;   ///< of these, those that get a case: the first ones of each place
  std::vector<std::string> notices = {};
  bool interrupted = false;
};

/// Runs each case once to count its calls, and returns a case for each call that can fail. A case that fails already,
/// or has no such call, is returned as it is. Guests come from `pool`, which should keep them. Throws base::Error for
/// problems that make the whole sweep impossible.
Sweep sweep_cases(const std::vector<std::shared_ptr<const plan::Case>> &cases, RunOptions options, GuestPool &pool,
                  const Prepare &prepare);

/// Returns the cases for the calls of a case that was run to count them.
std::vector<std::shared_ptr<const plan::Case>> cases_of_calls(const plan::Case &test_case,
                                                              const judge::Observations &seen);

}  // namespace kmodtest::run
