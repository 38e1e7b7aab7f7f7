// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kmodtest::outcome {

/// A line of source that a thread executed, or waits before.
struct LineRun {
  int cpu = 0;
  std::string thread = {};  ///< the function that it began in: "worker()"
  std::string place = {};   ///< "racy.c:31"; the function of code without lines
  std::string text = {};    ///< the source; can be empty
  bool is_shared = false;   ///< it uses memory that several threads use
  std::string wait = {};    ///< how long the thread is held up before it: "1.07 ms"; empty: not at all
  bool operator==(const LineRun &) const = default;
};

/// What threads executed in one run, from shortly before a moment on.
struct RunPart {
  std::vector<LineRun> lines;
  std::size_t more = 0;  ///< lines that came after these
};

/// What a schedule did, for readers: the run that fails next to the nearest one that passes.
struct ScheduleStory {
  std::vector<std::string> text;  ///< about 30 lines
  RunPart failing;
  RunPart passing;          ///< empty unless one is known
  std::string left_out;     ///< which delay the passing run does not have: "before racy.c:31"
  std::size_t common = 0;   ///< lines at the beginning that both runs have
  std::size_t skipped = 0;  ///< of these, the first ones, which are in neither part
};

}  // namespace kmodtest::outcome
