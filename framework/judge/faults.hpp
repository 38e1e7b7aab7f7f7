// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "judge/finding.hpp"
#include "judge/step_view.hpp"
#include "observe/fault_calls.hpp"

/// Judges what modules make of calls that were made to fail.
namespace kmodtest::judge {

struct Verdict;

/// What came of the calls that failed in a case.
enum class FaultResult : std::uint8_t {
  handled,  ///< the case passed
  crashed,
  hung,
  leaked,
  went_on,       ///< a load succeeded although a call of its init function had failed
  went_on_null,  ///< the same; the call had returned NULL
  other_errno,   ///< a load was refused with another error
  load_again,    ///< the second load, without a call that fails, was refused
  not_made,      ///< fewer calls were made
  other,
};

/// Returns "31 calls, 27 handled, 2 crashed, 1 leaked, 1 went on with a NULL".
std::string fault_summary(const std::vector<FaultResult> &results);

/// The calls that failed in a case, and what they excuse.
class FaultView {
 public:
  explicit FaultView(const CaseView &view);

  /// Returns whether a step need not hold: a call had failed by its end, and calls could still fail.
  bool excuses(std::size_t case_index) const;
  /// Finds a load that went on although a call of its init function had failed, or that was refused with another error.
  std::optional<Finding> wrong_load() const;
  /// Finds that no call failed because the modules make fewer calls.
  std::optional<Finding> call_not_made() const;
  /// Finds memory that the modules allocated and that is not freed although they are gone.
  std::vector<Finding> memory_left() const;
  /// Returns whether a step belongs to the load at the end, when calls do not fail any more.
  bool is_again(std::size_t case_index) const { return end_ && case_index > *end_; }
  /// Returns whether a step comes after a load that was refused because of a call, and after a look at what that has
  /// left. `case_index`: nothing for a panic that only the console has.
  bool is_after_refusal(std::optional<std::size_t> case_index) const;
  /// Returns "call 3 failed, kmalloc at my_init+0x3e (my.c:41)"; empty if no call failed.
  std::string words() const;
  /// Returns the category of a verdict on this case.
  FaultResult result(const Verdict &verdict) const;

 private:
  struct LoadFinding {
    Finding finding;
    FaultResult result = FaultResult::other;
  };
  std::optional<LoadFinding> check_load(std::size_t case_index) const;
  std::optional<LoadFinding> first_load_finding() const;
  bool is_tolerated(const observe::FaultCall &call) const;

  const CaseView &view_;
  observe::FaultCalls calls_;
  std::vector<observe::FaultCall> failures_;
  std::optional<std::size_t> end_;  ///< the case step after which no call fails
};

/// Returns "kmalloc at my_init+0x3e (my.c:41)".
std::string describe(const CaseView &view, const observe::FaultCall &call);

/// Returns "kmalloc@my_init+0x3e".
std::string call_name(const observe::FaultCall &call);

}  // namespace kmodtest::judge
