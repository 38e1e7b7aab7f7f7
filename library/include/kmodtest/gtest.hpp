// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "kmodtest/guest.hpp"
#include "kmodtest/matchers.hpp"

namespace kmodtest {

namespace detail {

/// Reports a failure at the line of the test that made the call, and leaves the test.
[[noreturn]] inline void leave_test(const Failure &failure) {
  const std::source_location where = failure.where();
  ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << failure.what();
  throw testing::AssertionException(testing::TestPartResult(testing::TestPartResult::kFatalFailure, where.file_name(),
                                                            static_cast<int>(where.line()), failure.what()));
}

inline std::string name_of_test() {
  const testing::TestInfo *info = testing::UnitTest::GetInstance()->current_test_info();
  return info == nullptr ? "guest" : std::string(info->test_suite_name()) + "." + info->name();
}

/// Ends the machine after the last test.
class EndMachine : public testing::Environment {
 public:
  void TearDown() override { end_machine(); }
};
inline testing::Environment *const end_machine_after_all = testing::AddGlobalTestEnvironment(new EndMachine);

}  // namespace detail

/// A test that gets a pristine guest. Override spec() to configure the guest, and checks() to switch off checks that
/// are otherwise made at the end of each test.
class GuestTest : public testing::Test {
 protected:
  virtual GuestSpec spec() const { return {}; }
  virtual Checks checks() const { return {}; }

  void SetUp() override {
    try {
      guest = Guest(spec(), checks(), detail::name_of_test());
      guest.on_failure(detail::leave_test);
    } catch (const Error &error) {
      const auto [file, line] = place();
      GTEST_FAIL_AT(file, line) << "there is no guest: " << error.what();
    }
  }

  void TearDown() override {
    // If a call failed, its failure was reported already, together with the state of the guest.
    if (!guest.alive()) return;
    const Verdict verdict = guest.finish();
    const auto [file, line] = place();
    if (!verdict) ADD_FAILURE_AT(file, line) << verdict.text;
    if (!verdict.digest.empty()) RecordProperty("digest", verdict.digest);
  }

  Guest guest;

 private:
  /// Returns the file and line where the test begins.
  static std::pair<const char *, int> place() {
    const testing::TestInfo *info = testing::UnitTest::GetInstance()->current_test_info();
    return {info->file(), info->line()};
  }
};

/// A parametrised test that gets a pristine guest: INSTANTIATE_TEST_SUITE_P(Cpus, MyTest, testing::Values(1, 2, 4)).
template <class Parameter>
class GuestTestWithParam : public GuestTest, public testing::WithParamInterface<Parameter> {};

}  // namespace kmodtest
