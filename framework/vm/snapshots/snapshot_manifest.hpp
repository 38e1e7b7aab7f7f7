// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::vm {

/// Returns the text of manifest.json: the part of `info` about the snapshot itself (neither when it was used, nor its
/// size on the disk), and a checksum of all of the text before it.
std::string manifest_text(const SnapshotInfo &info);

/// Parses the manifest of `key`. If it has any error, `damage` describes it, and the other fields are empty.
SnapshotInfo read_manifest(const std::string &text, const std::string &key);

}  // namespace kmodtest::vm
