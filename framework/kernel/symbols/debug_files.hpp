// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/kernel.hpp"

/// The files that a debugger needs for a guest whose kernel comes without debug information.
namespace kmodtest::kernel {

/// Returns the module without its init function: the kernel lays it out in memory like the original module, but runs
/// none of its code. Throws base::Error if the bytes are not a module for x86-64.
std::string dormant_module(std::string ko);

/// Returns an ELF file with the kernel's own functions and data (no code): names for a debugger, at the addresses in
/// /proc/kallsyms. Throws base::Error if there are none (kernel.kptr_restrict).
std::string symbols_from_kallsyms(std::string_view kallsyms);

/// Returns the address of a symbol of /proc/kallsyms.
std::optional<std::uint64_t> address_in_kallsyms(std::string_view kallsyms, std::string_view symbol);

/// Returns the path of a kernel's vmlinux with debug information, where a package of debug symbols put it: below
/// /usr/lib/debug, or at the corresponding place below the kernel's own folder in the cache.
std::optional<std::filesystem::path> debug_vmlinux(const Kernel &kernel);

/// Returns the link-time address of a symbol of an ELF file; nothing if it has no symbol of this name.
std::optional<std::uint64_t> address_in_elf(const std::filesystem::path &file, const std::string &symbol);

}  // namespace kmodtest::kernel
