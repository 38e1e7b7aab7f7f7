// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "observe/reports/reports.hpp"

/// The table behind observe/reports: how reports open, and which lines belong to them.
namespace kmodtest::observe {

/// The end of a report.
enum class ReportEnd {
  trace,   ///< "---[ end trace"
  stack,   ///< "</TASK>", or the last frame on kernels before 5.16
  rule,    ///< a line of "=" (KASAN and its kin)
  panic,   ///< "---[ end Kernel panic"
  at_once  ///< with its opening line, unless a stack follows at once
};

/// One way in which a report opens.
struct Signature {
  std::string_view text;  ///< the line starts with it, or contains it (see `anywhere`)
  bool anywhere = false;
  std::string_view also = {};  ///< and has this text after it; empty: no such condition
  std::string_view kind;       ///< ends with ':': the words of the line up to " in " or ":" follow
  ReportClass report_class = ReportClass::crash;
  ReportEnd end = ReportEnd::trace;
  bool fatal = false;
  bool only_warnings = false;  ///< counts only at level warning or worse: modules print such texts, too
  bool task_sleeps = false;    ///< about a task that sleeps: the kernel goes on meanwhile
  /// Not about a defect: the line and the stack below it are not a report.
  bool harmless = false;
};

/// The text of "------------[ cut here ]------------": a report opens, and one of the next lines has its kind.
inline constexpr std::string_view kCutHere = "[ cut here ]";

/// Returns the whole table, in search order.
std::span<const Signature> signatures();

/// Returns the first matching signature, or null. Ignores "Oops: " at the beginning of a line (kernels since 6.10).
const Signature *find_signature(const wire::KernelLogLine &line);

/// Returns the kind in full, e.g. "KASAN: slab-out-of-bounds".
std::string kind_of(const Signature &signature, std::string_view text);

/// Returns true for lines that the kernel prints below an opening line: registers, "Call Trace:", frames…
bool continues_report(std::string_view text);

/// A place in code as a report prints it: "ex_fault_write+0x1c/0x40 [faulty_oops]".
struct Frame {
  std::string place;       ///< "ex_fault_write+0x1c"
  std::string module;      ///< empty: the kernel itself
  std::uint64_t size = 0;  ///< of the function; 0: unknown
  bool guessed = false;    ///< marked "?": possibly left over from an earlier call
};

/// Returns the first place in the line, if any.
std::optional<Frame> parse_frame(std::string_view text);

/// Returns the address of "RIP: 0010:0xffffffffc0201034" or of the frame " 0xffffffffc0201034": code without a known
/// symbol, because it is no longer loaded. Nothing for other lines, and for frames marked "?".
std::optional<std::uint64_t> parse_bare_address(std::string_view text);

/// Returns true for functions that are part of every report of their kind and do not hint at the cause.
bool is_known_helper(std::string_view place);

/// Returns true for functions of the kernel that call a module's functions through a pointer. If a module's function
/// ends with a call, the compiler turns the call into a jump, and such a caller's frame follows directly.
bool calls_back(std::string_view place);

}  // namespace kmodtest::observe
