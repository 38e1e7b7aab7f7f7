// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::judge {
struct Observations;
struct Verdict;
}  // namespace kmodtest::judge

namespace kmodtest::run {

/// Finds the frames of the modules under test in the details of each piece of evidence, and writes the source line of
/// each frame into its `trace`. The lines are read from the .ko files that the observations name:
///
///     #0 ex_fault_write+0x1c [faulty_oops]  faulty_oops.c:23  *p = 1;
///     #1 ex_open+0x6 [faulty_oops]  poke(), faulty_oops.c:12  *where = what;
///          inlined into ex_open(), faulty_oops.c:40  poke(NULL);
///
/// Source files are read below the folder of a .ko and below the folder of the kernel's headers. If a .ko has no debug
/// information, the trace reports that once. Never throws because of a file.
void add_source_frames(judge::Verdict &verdict, const judge::Observations &seen, const std::filesystem::path &headers);

}  // namespace kmodtest::run
