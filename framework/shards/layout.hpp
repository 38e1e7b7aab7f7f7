// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// The names of files in results.
namespace kmodtest::shards {

inline constexpr const char *kManifestFile = "manifest.json";
inline constexpr const char *kListFile = "cases";
inline constexpr const char *kFinishedPrefix = "finished.";  ///< and the number of the attempt
inline constexpr const char *kFolders = "folders";           ///< of cases

}  // namespace kmodtest::shards
