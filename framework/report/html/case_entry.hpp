// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "outcome/result.hpp"
#include "outcome/trend.hpp"
#include "report/failure/failure_groups.hpp"
#include "report/html/markup.hpp"
#include "storage/spool.hpp"

namespace kmodtest::report::html {

/// A finished case as the page keeps it until it is written: its own part of the page, and the data for the parts about
/// all cases.
struct CaseEntry {
  std::size_t number = 0;  ///< place in the order of the plans
  std::string anchor;      ///< its element's id
  std::string label;       ///< "ex7_4 [cpus=2]", with " #3" behind it for the third of several runs
  std::string plan;        ///< file stem, else the plan's name
  std::map<std::string, std::string> point;
  std::vector<std::string> tags;
  int cpus = 1;
  outcome::Result result = outcome::Result::errored;
  std::string reason;
  std::size_t place = 0;  ///< in the groups of failures
  std::string points;     ///< where else the failure came, and where it did not
  outcome::Seconds took{0}, guest{0};
  std::vector<outcome::Trend> trends;  ///< against the runs before
  outcome::Seconds comparable{0},
      usual{0};  ///< wall time without building: of this run, and the median of those before
  Markup past;
  std::map<int, double> ran_on;   ///< share of the module's threads on each CPU; empty: unknown
  bool ran_on_exact = false;      ///< by the scheduler's trace, not by samples of ps
  Markup body;                    ///< content of the case's element when it is open
  std::string data;               ///< for the timeline, packed; empty: none
  std::size_t data_left_out = 0;  ///< bytes that were left out to keep the page small
  bool listed = true;             ///< else the case counts in tables only

  /// Where `past`, `body` and `data` are while put_aside() keeps them on disk.
  storage::Spool::Piece kept_past, kept_body, kept_data;
};

/// Leaves only what the tables need of a case that is not listed.
void keep_for_tables(CaseEntry &entry);

/// Moves the long texts of an entry to the spool, and brings them back. Throw base::Error.
void put_aside(CaseEntry &entry, storage::Spool &spool);
void bring_back(CaseEntry &entry, storage::Spool &spool);

/// In the order in which the cases ended. A deque: growing never needs twice the memory.
using CaseEntries = std::deque<CaseEntry>;

/// Size limits for one case.
struct Room {
  std::size_t text = 64 * 1024;  ///< bytes of its log and of each text of a failure
  std::size_t data = 4'000'000;  ///< bytes of its packed data
  bool listed = true;            ///< else the case has no part of the page
};

/// Returns the id of a case's element.
std::string anchor_of(std::size_t number);

/// Makes the entry of a case. `first`: the case whose page part shows the same failure; null if there is none.
CaseEntry make_entry(const outcome::CaseFinished &finished, const Room &room,
                     const FailureGroups::Member *first = nullptr);

/// Returns the case's element in the list of cases, closed.
Markup render_entry(const CaseEntry &entry);

/// Returns the data of the timeline, or nothing. They follow the page's script, so that the page responds before they
/// are read.
Markup render_data(const CaseEntry &entry);

/// Returns the symbol of a result ("✗" for failed), for readers who do not see colours.
const char *mark_of(outcome::Result result);

}  // namespace kmodtest::report::html
