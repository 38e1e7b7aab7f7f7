// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <ctime>
#include <string>

#include "observe/coverage.hpp"

namespace kmodtest::report {

/// Returns the tracefile that lcov reads (geninfo(1), section FILES): for each file its functions, branches and lines.
/// A jump is a block of two branches: taken, and not taken.
std::string lcov_tracefile(const observe::Coverage &coverage);

/// Returns Cobertura's XML (coverage-04.dtd): a package for each folder, a class for each file. `folder` is where
/// relative paths begin.
std::string cobertura_xml(const observe::Coverage &coverage, const std::string &folder, std::time_t now,
                          const std::string &version);

}  // namespace kmodtest::report
