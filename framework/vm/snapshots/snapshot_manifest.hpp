// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::vm {

/// The text of manifest.json: what `info` says of the snapshot itself (not when it was used, nor what it takes on the
/// disk), and a checksum of all of the text before it.
std::string manifest_text(const SnapshotInfo &info);

/// What the manifest of `key` says. Whatever is wrong with it stands in `damage`; then nothing else of it is believed.
SnapshotInfo read_manifest(const std::string &text, const std::string &key);

}  // namespace kmodtest::vm
