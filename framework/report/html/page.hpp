// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/event.hpp"
#include "report/html/case_entry.hpp"

namespace kmodtest::report::html {

/// Facts about the run as a whole.
struct RunFacts {
  outcome::RunStarted started;
  outcome::RunFinished finished;
  std::vector<std::string> notices;
  observe::Coverage coverage;        ///< empty unless it was measured
  std::vector<std::string> kernels;  ///< releases that cases ran on
  std::string version;               ///< kmodtest's own
  std::string host;
  std::string at;  ///< when it ended
};

/// Writes the whole file, in parts: one page that fetches nothing, with a policy that only allows its own script to
/// run. The long texts of the entries are in the spool.
void write_page(const RunFacts &run, const CaseEntries &entries, storage::Spool &spool,
                const std::function<void(std::string_view part)> &write);

}  // namespace kmodtest::report::html
