// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "judge/finding.hpp"

/// The checks that every case has, unless its plan switches them off.
namespace kmodtest::judge {

/// The kernel reports of a case.
struct SeenReports {
  std::vector<observe::KernelReport> reports;
  bool from_console = false;  ///< their lines have the console's numbers, not the log's
};

/// Finds settings of the kernel that the case left changed, and that no step of the plan names.
std::vector<Finding> check_settings(const CaseView &view);

/// Returns the reports in the case's own part of the log, then its data races. If the guest ended badly, its console
/// can have more of the former.
SeenReports reports_of(const CaseView &view);

/// Returns the index of the case step during which a report came, if that is known.
std::optional<std::size_t> step_of(const CaseView &view, const observe::KernelReport &report, bool from_console);

/// Returns findings for the reports that the plan neither expects nor tolerates.
std::vector<Finding> check_reports(const CaseView &view, const SeenReports &seen);

/// Converts a report into a finding.
Finding finding_of(const CaseView &view, const observe::KernelReport &report, bool from_console);

/// Finds what an unload left behind: modules and references to others, threads, workqueues, timers, interrupts, slab
/// caches, device numbers, areas of vmalloc, entries of /proc, /sys and /dev (leftovers.cpp).
std::vector<Finding> check_leftovers(const CaseView &view);

/// Finds what the kernel would still use of an unloaded module: registrations that stayed (pointers.cpp).
std::vector<Finding> check_pointers(const CaseView &view);

/// Finds memory that grew with the rounds of a repeat step (growth.cpp).
std::vector<Finding> check_growth(const CaseView &view);

/// Finds taint that is not explained by the modules being out of tree or unsigned, staging drivers, kernel tests or
/// live patches.
std::vector<Finding> check_taint(const CaseView &view);

/// A test inside the guest, in the kernel log or in what a command printed (KTAP; guest_tests.cpp).
struct GuestTest {
  observe::KtapTest test;
  std::optional<std::size_t> step;  ///< of the case
  std::string text;                 ///< the line with its result
};

/// Returns all results of tests inside the guest.
std::vector<GuestTest> find_guest_tests(const CaseView &view);

/// Finds tests that failed or have no result.
std::vector<Finding> check_guest_tests(const CaseView &view, const std::vector<GuestTest> &all);

/// Returns each name once; one that failed once is failed.
std::vector<observe::KtapTest> results_by_name(std::vector<GuestTest> all);

/// Returns "3 tests in the guest (KTAP): 2 passed, 1 skipped".
std::string summary_of_tests(const std::vector<observe::KtapTest> &tests);

/// Returns true if a plan does not tolerate a report of this class.
bool is_intolerable(const plan::Checks &checks, observe::ReportClass report_class);

/// Returns whether the plan allows reports of this kind ("report:out of memory"), and it does not end the guest.
bool is_allowed(const plan::Checks &checks, const observe::KernelReport &report);

/// Returns the outcome for a report of this class.
Outcome outcome_of(observe::ReportClass report_class);

/// Returns the names of the modules under test as the kernel prints them.
std::vector<std::string> module_names(const plan::Case &test_case);

/// Returns whether one of the globs, such as those that a plan allows, matches the name.
bool any_matches(const std::vector<std::string> &globs, const std::string &name);

}  // namespace kmodtest::judge
