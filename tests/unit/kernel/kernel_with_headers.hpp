// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// A kernel to build modules for, by the Makefile in `headers`. Its compiler is a program that exists wherever modules
/// are built: only its --version is used.
inline Kernel kernel_with_headers(const std::filesystem::path &headers) {
  Kernel kernel;
  kernel.name = "k";
  kernel.release = "6.1.0";
  kernel.digest = "0123456789abcdef";
  kernel.headers = headers;
  kernel.make_arguments = {"CC=make"};
  return kernel;
}

}  // namespace kmodtest::kernel
