// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

/// The parts of the page that the build makes from framework/report/html/page (cmake/Page.cmake).
namespace kmodtest::report::html {

std::string_view style();
std::string_view script();
/// Returns the licences of the libraries in script().
std::string_view licences();

}  // namespace kmodtest::report::html
