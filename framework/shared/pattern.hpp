// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "wire/program.hpp"

namespace kmodtest::shared {

/// A wire::Pattern, ready to match. Regular expressions are POSIX extended (regcomp(3)), so that the guest and the
/// controller agree exactly. '^' and '$' also match at line ends inside a content of several lines, as with grep(1).
/// Used in the guest too: throws nothing.
class Matcher {
 public:
  /// Compiles the pattern. A malformed expression matches nothing and has an error().
  explicit Matcher(const wire::Pattern &pattern);
  bool matches(std::string_view text) const;
  /// Returns regerror(3)'s message, or an empty text.
  const std::string &error() const { return error_; }

 private:
  struct Compiled;
  std::string literal_;
  std::shared_ptr<const Compiled> compiled_;
  std::string error_;
};

/// Returns fnmatch(3) without flags for the whole name. `cut_to` > 0: also true if the pattern is longer than that and
/// its first `cut_to` characters match (the kernel has cut the name).
bool glob_matches(const std::string &pattern, const std::string &name, std::size_t cut_to = 0);

/// Returns the pattern as failures print it: 'literal' or /expression/.
std::string render_pattern(const wire::Pattern &pattern);

}  // namespace kmodtest::shared
