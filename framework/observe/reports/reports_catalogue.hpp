// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "observe/reports/reports.hpp"

/// The table behind observe/reports: how reports open, and what belongs to them.
namespace kmodtest::observe {

/// Where a report ends.
enum class ReportEnd {
  trace,   ///< "---[ end trace"
  stack,   ///< "</TASK>", or the last frame on kernels before 5.16
  rule,    ///< a line of "=" (KASAN and its kin)
  panic,   ///< "---[ end Kernel panic"
  at_once  ///< with its opening line, unless a stack follows at once
};

/// One way in which a report opens.
struct Signature {
  std::string_view text;  ///< the line starts with it, or holds it (see `anywhere`)
  bool anywhere = false;
  std::string_view also;  ///< and holds this behind it; empty: no further demand
  std::string_view kind;  ///< ends with ':': the words of the line up to " in " or ":" follow
  ReportClass report_class = ReportClass::crash;
  ReportEnd end = ReportEnd::trace;
  bool fatal = false;
  bool only_warnings = false;  ///< counts only at level warning or worse: modules like these words, too
};

/// "------------[ cut here ]------------": a report opens, its kind is in one of the next lines.
inline constexpr std::string_view kCutHere = "[ cut here ]";

/// The whole table, in the order in which it is searched.
std::span<const Signature> signatures();

/// The first signature that the line has, or null. "Oops: " in front of a line does not count (kernels since 6.10).
const Signature *find_signature(const wire::KernelLogLine &line);

/// The kind in full, e.g. "KASAN: slab-out-of-bounds".
std::string kind_of(const Signature &signature, std::string_view text);

/// True for lines that the kernel prints below an opening line: registers, "Call Trace:", frames…
bool continues_report(std::string_view text);

/// A place in code as a report prints it: "ex_fault_write+0x1c/0x40 [faulty_oops]".
struct Frame {
  std::string place;       ///< "ex_fault_write+0x1c"
  std::string module;      ///< empty: the kernel itself
  std::uint64_t size = 0;  ///< of the function; 0: not told
  bool guessed = false;    ///< marked "?": may be left over from an earlier call
};

/// The first place in the line, if any.
std::optional<Frame> parse_frame(std::string_view text);

/// The address of "RIP: 0010:0xffffffffc0201034" or of the frame " 0xffffffffc0201034": code that no symbol is known
/// of, since it is gone. Nothing for other lines, and for frames marked "?".
std::optional<std::uint64_t> parse_bare_address(std::string_view text);

/// True for functions that are part of every report of their kind and say nothing of the cause.
bool is_known_helper(std::string_view place);

}  // namespace kmodtest::observe
