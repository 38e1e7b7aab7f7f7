// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// Returns the fastest form of the kernel to boot: the uncompressed vmlinux of the bzImage if that has a PVH entry,
/// and no KASAN, else the bzImage itself. A vmlinux saves a guest without KVM the decompression (0.3 s and more). It is
/// cached by the image's digest. Never throws for a kernel that could be booted as it is.
///
/// A kernel that is started this way does not move itself (no KASLR): its addresses are the same in every boot.
std::filesystem::path bootable_image_for(const Kernel &kernel, const std::filesystem::path &cache);

/// Returns the uncompressed vmlinux of the bzImage if that has a PVH entry, else the bzImage: the names and types of a
/// kernel are in the former.
std::filesystem::path uncompressed_image_for(const Kernel &kernel, const std::filesystem::path &cache);

/// Returns the ELF file inside a bzImage's bytes. Empty if there is none, or if it cannot be decompressed completely.
/// Source: kernel, Documentation/arch/x86/boot.rst, payload_offset and payload_length.
std::string extract_vmlinux(const std::string &bzimage);

/// Returns whether an ELF kernel can be started through PVH. Source: Xen, docs/misc/pvh.pandoc,
/// XEN_ELFNOTE_PHYS32_ENTRY.
bool has_pvh_entry(const std::string &elf);

}  // namespace kmodtest::kernel
