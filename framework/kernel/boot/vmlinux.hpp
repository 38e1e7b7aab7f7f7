// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// The fastest form of the kernel to boot: the uncompressed vmlinux out of the bzImage where that has a PVH entry (a
/// guest without KVM then does not have to decompress it: 0.3 s and more), else the bzImage itself. Kept in the cache
/// by the image's digest. Never throws for a kernel that could be booted as it is.
///
/// Started so, the kernel does not move itself (no KASLR): addresses repeat from boot to boot.
std::filesystem::path bootable_image_for(const Kernel &kernel, const std::filesystem::path &cache);

/// The ELF file inside a bzImage's bytes. Empty when there is none, or it cannot be decompressed whole.
/// Source: kernel, Documentation/arch/x86/boot.rst, payload_offset and payload_length.
std::string extract_vmlinux(const std::string &bzimage);

/// Whether an ELF kernel can be started through PVH. Source: Xen, docs/misc/pvh.pandoc, XEN_ELFNOTE_PHYS32_ENTRY.
bool has_pvh_entry(const std::string &elf);

}  // namespace kmodtest::kernel
