// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

enum class Compression { none, gzip };

/// Not compressed: under TCG lz4 and zstd boot as fast within the noise, gzip is no faster and xz 0.2 to 0.3 s slower.
inline constexpr Compression kDefaultCompression = Compression::none;

/// The bytes of a newc cpio (kernel: Documentation/driver-api/early-userspace/buffer-format.rst).
std::string make_initramfs(const InitramfsInputs &inputs, Compression compression);

/// The busybox that every guest gets. Throws base::Error when there is none, or one that needs libraries.
std::filesystem::path static_busybox();

}  // namespace kmodtest::kernel
