// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "judge/finding.hpp"

/// The checks that every case has, unless its plan says otherwise.
namespace kmodtest::judge {

/// What the kernel reported in a case.
struct SeenReports {
  std::vector<observe::KernelReport> reports;
  bool from_console = false;  ///< their lines have the console's numbers, not the log's
};

/// The reports in the case's own part of the log. Where the guest ended badly, its console may have more of them.
SeenReports reports_of(const CaseView &view);

/// Those that the plan neither expects nor tolerates.
std::vector<Finding> check_reports(const CaseView &view, const SeenReports &seen);

/// A report as a finding.
Finding finding_of(const CaseView &view, const observe::KernelReport &report, bool from_console);

/// What an unload left behind: modules and references to others, threads, workqueues, timers, interrupts, slab caches,
/// device numbers, areas of vmalloc, entries of /proc, /sys and /dev (leftovers.cpp).
std::vector<Finding> check_leftovers(const CaseView &view);

/// Memory that grew with the rounds of a repeat step (growth.cpp).
std::vector<Finding> check_growth(const CaseView &view);

/// Taint that the modules' being out of tree, unsigned, proprietary or staging does not explain.
std::vector<Finding> check_taint(const CaseView &view);

/// True when a plan does not let a report of this class pass.
bool is_intolerable(const plan::Checks &checks, observe::ReportClass report_class);

/// The outcome that a report of this class stands for.
Outcome outcome_of(observe::ReportClass report_class);

/// Names of the modules under test as the kernel prints them.
std::vector<std::string> module_names(const plan::Case &test_case);

}  // namespace kmodtest::judge
