// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

/// Numbers that a header defines for programs, such as the requests of a driver's ioctl().
namespace kmodtest::kernel {

struct Kernel;

/// A number, and the file of the cache that keeps it.
struct HeaderNumber {
  std::uint64_t number = 0;
  std::filesystem::path kept;
};

/// Returns the value of a C expression after `#include HEADER`, as a C compiler of this machine knows it. Nothing of it
/// is executed.
///
/// `header` is the absolute path of a file, or a name in <>: one of those that the kernel has for programs
/// (include/uapi), or this machine. The result is kept in the cache, and used as long as the files of the user's that
/// it was read from are the same; so another machine with this entry of the cache needs no compiler.
///
/// Throws base::UsageError, with what the compiler says, if the expression has no constant value.
HeaderNumber number_in_header(const std::string &header, const std::string &expression, const Kernel &kernel,
                              const std::filesystem::path &cache);

}  // namespace kmodtest::kernel
