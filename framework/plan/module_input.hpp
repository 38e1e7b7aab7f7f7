// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>

/// What can be run without a plan.
namespace kmodtest::plan {

/// Returns the folder in which the modules of `input` are built: itself, or the only folder below it that has a Kbuild,
/// a Makefile with obj-m or a dkms.conf. Nothing if there is none. Throws base::UsageError if several folders have one.
std::optional<std::filesystem::path> build_folder_of(const std::filesystem::path &input);

/// Returns whether `input` is a folder with .ko files at any depth, or an archive by its name (.deb, .rpm, .tar…).
bool is_collection(const std::filesystem::path &input);

/// Returns whether `input` can be run without a plan.
bool has_modules(const std::filesystem::path &input);

}  // namespace kmodtest::plan
