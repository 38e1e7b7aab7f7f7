// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The functions of the kernel that can be made to fail.
namespace kmodtest::kernel {

/// What a function returns when it fails.
enum class Failure {
  null,      ///< NULL
  pointer,   ///< ERR_PTR(-error)
  error,     ///< -error
  uncopied,  ///< how many bytes were not copied: all of them, its argument `argument`
};

/// A function that modules call by this symbol. Symbols differ between kernels; those that a kernel lacks do no harm.
struct FaultFunction {
  std::string_view symbol;
  std::string_view shown;  ///< the name in the source of a module: "kmalloc"
  Failure failure = Failure::null;
  int error = 0;      ///< what a caller should return: ENOMEM
  int argument = -1;  ///< which argument has the GFP flags, or the bytes to copy; counts from 0; -1: none
  /// The kernel's rules let callers ignore the failure.
  bool ignorable = false;
  /// It waits for memory where its caller may sleep, and fails only elsewhere (__GFP_DIRECT_RECLAIM is missing).
  bool waits = false;
  /// The versions of the kernel in which it fails in this way, as 609 for 6.9; 0: no bound. Where it changed, the table
  /// has a line for each way; where it returned nothing, none.
  int since = 0;
  int before = 0;
};

/// Returns the whole table.
std::span<const FaultFunction> fault_functions();

/// Returns the function with this symbol in a kernel of this release ("6.1.0-50-amd64"), or null. An unknown release
/// (empty) fits every line of the table.
const FaultFunction *find_fault_function(std::string_view symbol, std::string_view release);

/// Returns the functions that a module imports. `globs` match FaultFunction::shown or the symbol; without any, all.
std::vector<const FaultFunction *> fault_functions_of(const std::vector<std::string> &imported,
                                                      const std::vector<std::string> &globs, std::string_view release);

/// Returns the words for kmodtest_faults: "kmalloc_trace:0:1".
std::string fault_words(const FaultFunction &function);

}  // namespace kmodtest::kernel
