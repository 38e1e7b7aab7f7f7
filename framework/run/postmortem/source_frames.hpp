// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::judge {
struct Observations;
struct Verdict;
}  // namespace kmodtest::judge

namespace kmodtest::run {

/// Finds the frames of modules under test in the details of every evidence and tells the source of each in its `trace`,
/// by the .ko files that the observations name:
///
///     #0 ex_fault_write+0x1c [faulty_oops]  faulty_oops.c:23  *p = 1;
///     #1 ex_open+0x6 [faulty_oops]  poke(), faulty_oops.c:12  *where = what;
///          inlined into ex_open(), faulty_oops.c:40  poke(NULL);
///
/// Source files are read below the folder of a .ko and below that of the kernel's headers. Where a .ko has no debug
/// information the trace says so once. Never throws for a file's sake.
void add_traces(judge::Verdict &verdict, const judge::Observations &seen, const std::filesystem::path &headers);

}  // namespace kmodtest::run
