// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// Returns the bytes of a newc cpio (kernel: Documentation/driver-api/early-userspace/buffer-format.rst). It is not
/// compressed: under TCG lz4 and zstd boot as fast within the noise, gzip is not faster and xz 0.2 to 0.3 s slower.
std::string make_initramfs(const InitramfsInputs &inputs);

/// Returns the busybox that every guest gets. Throws base::Error if there is none, or if it needs shared libraries.
std::filesystem::path static_busybox();

}  // namespace kmodtest::kernel
