// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "base/error.hpp"
#include "kernel/kernel.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

// Offsets of the setup header (kernel: Documentation/arch/x86/boot.rst).
constexpr std::size_t kMagicOffset = 0x202;
constexpr std::size_t kProtocolOffset = 0x206;
constexpr std::size_t kKernelVersionOffset = 0x20e;
constexpr std::size_t kLoadFlagsOffset = 0x236;
constexpr unsigned kProtocolWithLoadFlags = 0x020c;
constexpr unsigned kHas64BitEntry = 0x1;

unsigned u16(const std::string &bytes, std::size_t offset) {
  return static_cast<unsigned char>(bytes[offset]) |
         (static_cast<unsigned>(static_cast<unsigned char>(bytes[offset + 1])) << 8);
}

}  // namespace

std::string bzimage_release(const std::filesystem::path &image) {
  const auto bytes = storage::read_whole_file(image);
  const std::string hint = "give the vmlinuz of an x86-64 Linux, such as /boot/vmlinuz-…";
  if (bytes.size() < 0x268 || bytes.compare(kMagicOffset, 4, "HdrS") != 0) {
    throw base::UsageError(base::Code::not_a_kernel,
                           fmt::format("{} is not a Linux kernel image (bzImage)", image.string()), hint);
  }
  if (u16(bytes, kProtocolOffset) < kProtocolWithLoadFlags || (u16(bytes, kLoadFlagsOffset) & kHas64BitEntry) == 0) {
    throw base::UsageError(base::Code::not_a_kernel, fmt::format("{} is not a kernel for x86-64", image.string()),
                           hint);
  }
  const std::size_t begin = u16(bytes, kKernelVersionOffset) + 0x200;
  const std::size_t end = begin < bytes.size() ? bytes.find('\0', begin) : std::string::npos;
  // "6.1.0-50-cloud-amd64 (builder) #1 SMP …": the release is the first word.
  const auto version = end == std::string::npos ? std::string() : bytes.substr(begin, end - begin);
  auto release = version.substr(0, version.find(' '));
  if (begin == 0x200 || release.empty() || release.size() > 64) {
    throw base::UsageError(base::Code::not_a_kernel,
                           fmt::format("the kernel image {} does not state its release", image.string()), hint);
  }
  return release;
}

}  // namespace kmodtest::kernel
