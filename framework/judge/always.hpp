// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "judge/expectation.hpp"

/// The checks that every case has, unless its plan says otherwise.
namespace kmodtest::judge {

/// The reports that the plan does not tolerate, from the case's own part of the log; where that has none and the guest
/// ended badly, from the console.
std::vector<Finding> check_reports(const CaseView &view);

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
