// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/kernel.hpp"

/// What a debugger needs of a guest whose kernel comes without debug information.
namespace kmodtest::kernel {

/// The module without its init function: the kernel lays it out in memory as it would the module itself, and runs
/// nothing of it. Throws base::Error when the bytes are no module for x86-64.
std::string dormant_module(std::string ko);

/// An ELF file with the kernel's own functions and data (no code): names for a debugger, at the addresses that
/// /proc/kallsyms tells. Throws base::Error when there are none (kernel.kptr_restrict).
std::string symbols_from_kallsyms(std::string_view kallsyms);

/// The address of a symbol of /proc/kallsyms.
std::optional<std::uint64_t> address_in_kallsyms(std::string_view kallsyms, std::string_view symbol);

/// The vmlinux with debug information of a kernel, where a package of debug symbols put it: below /usr/lib/debug, or
/// the same below the kernel's own folder in the cache.
std::optional<std::filesystem::path> debug_vmlinux(const Kernel &kernel);

/// The link-time address of a symbol of an ELF file; nothing where it has none of this name.
std::optional<std::uint64_t> address_in_elf(const std::filesystem::path &file, const std::string &symbol);

}  // namespace kmodtest::kernel
