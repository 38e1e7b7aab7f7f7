// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "outcome/result.hpp"

namespace kmodtest::report {

/// Colours of a terminal (ECMA-48 SGR), or none at all.
class Palette {
 public:
  explicit Palette(bool on) : on_(on) {}

  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string green(std::string_view text) const { return paint("32", text); }
  std::string red(std::string_view text) const { return paint("31", text); }
  std::string yellow(std::string_view text) const { return paint("1;33", text); }
  std::string blue(std::string_view text) const { return paint("1;34", text); }
  std::string cyan(std::string_view text) const { return paint("1;36", text); }
  std::string of(outcome::Result result, std::string_view text) const;

 private:
  std::string paint(std::string_view code, std::string_view text) const;

  bool on_;
};

}  // namespace kmodtest::report
