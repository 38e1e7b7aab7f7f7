// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/modules/module.hpp"

namespace kmodtest::run {

/// Returns the first symbol that modpost did not find in the kernel; nothing if the build failed for another reason.
/// Source: kernel, scripts/mod/modpost.c (check_exports): ERROR: modpost: "SYMBOL" [MODULE.ko] undefined!
std::optional<std::string> undefined_symbol(const std::string &output_of_make);

/// Returns why a case cannot be prepared for its kernel, if that is something that another kernel may have: a symbol,
/// one of the kernel's modules. A sentence without a full stop. Nothing if another kernel would not help.
std::optional<std::string> lack_in(const base::Error &error, const std::string &kernel);

/// The same from what was found about modules that are built. A symbol is not lacking if its module only has to be
/// loaded first.
std::optional<std::string> lack_in(const std::vector<kernel::PreflightFinding> &findings);

}  // namespace kmodtest::run
