// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "wire/program.hpp"

namespace kmodtest::shared {

/// A wire::Pattern, ready to match. Regular expressions are POSIX extended (regcomp(3)), so that the guest and the
/// controller agree to the letter. '^' and '$' also match at line ends inside a content of several lines, as with
/// grep(1). Used in the guest too: throws nothing.
class Matcher {
 public:
  /// A malformed expression matches nothing and has an error().
  explicit Matcher(const wire::Pattern &pattern);
  bool matches(std::string_view text) const;
  /// regerror(3)'s words, or empty.
  const std::string &error() const { return error_; }

 private:
  struct Compiled;
  std::string literal_;
  std::shared_ptr<const Compiled> compiled_;
  std::string error_;
};

/// fnmatch(3) without flags over the whole name. `cut_to` > 0: also true when the pattern is longer than that and its
/// first `cut_to` characters match (the name was cut by the kernel).
bool glob_matches(const std::string &pattern, const std::string &name, std::size_t cut_to = 0);

/// The pattern as failures print it: 'literal' or /expression/.
std::string render_pattern(const wire::Pattern &pattern);

}  // namespace kmodtest::shared
