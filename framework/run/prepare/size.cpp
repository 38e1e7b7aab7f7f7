// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/size.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>
#include <string>

#include "wire/frame.hpp"
#include "wire/message.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::run {
namespace {

constexpr std::size_t kMiB = 1u << 20;
constexpr std::size_t kAroundChunk = 128;   ///< bytes of a Push besides its path and its data, at most
constexpr std::size_t kOthers = 64u << 10;  ///< for the requests around a case

/// A module is in the guest's memory as a file, as a copy that the kernel reads, and loaded.
constexpr std::size_t kCopies = 3;
/// Packages are unpacked while the archive is still there.
constexpr std::size_t kPackageCopies = 2;
constexpr std::size_t kOfTheSystem = 96;  ///< MiB that kernel and agent use
constexpr std::size_t kStep = 256;        ///< MiB: what the hint suggests is a multiple of it

std::size_t content_bytes(const Prepared &prepared) {
  std::size_t bytes = 0;
  for (const PushedFile &file : prepared.files) bytes += file.content->size();
  return bytes;
}

std::size_t request_bytes(const Prepared &prepared) {
  std::size_t bytes = wire::payload_size(wire::Request{wire::Run{prepared.program}}) + kOthers;
  for (const PushedFile &file : prepared.files) {
    const std::size_t chunks = file.content->size() / wire::kPushChunk + 1;
    bytes += file.content->size() + chunks * (file.path.size() + kAroundChunk);
  }
  return bytes;
}

/// Returns "big.ko, which has 200 MiB,".
std::string largest(const Prepared &prepared) {
  const auto file = std::max_element(
      prepared.files.begin(), prepared.files.end(),
      [](const PushedFile &left, const PushedFile &right) { return left.content->size() < right.content->size(); });
  return fmt::format("{} has {} MiB", file->path.substr(file->path.rfind('/') + 1), file->content->size() / kMiB);
}

/// Returns how many MiB of memory the guest needs at least.
std::size_t needed_memory(const Prepared &prepared) {
  return content_bytes(prepared) / kMiB * kCopies + prepared.packages.bytes / kMiB * kPackageCopies + kOfTheSystem;
}

}  // namespace

void choose_shared_memory(Prepared &prepared) {
  if (prepared.spec.channel != vm::ChannelKind::memory) return;
  std::size_t &size = prepared.spec.shared_bytes;
  const std::size_t wanted = request_bytes(prepared);
  while (wire::most_request_bytes(size) < wanted && size < wire::kLargestSharedMemoryBytes) size *= 2;
}

std::optional<kernel::PreflightFinding> find_too_large(const Prepared &prepared) {
  if (prepared.files.empty() && prepared.packages.bytes == 0) return std::nullopt;
  const std::size_t memory = prepared.spec.memory_mib;
  const std::size_t needed = needed_memory(prepared);
  const bool no_memory = needed > memory;
  const std::string more = fmt::format("memory: {}M", no_memory ? needed / kStep * kStep + kStep : memory);
  if (!prepared.files.empty() && prepared.spec.channel == vm::ChannelKind::memory &&
      request_bytes(prepared) > wire::most_request_bytes(prepared.spec.shared_bytes)) {
    return kernel::PreflightFinding{
        .code = base::Code::shared_memory_full,
        .message = fmt::format("the case's files do not fit into the {} MiB that host and guest share: {}",
                               wire::most_request_bytes(prepared.spec.shared_bytes) / kMiB, largest(prepared)),
        .hint = fmt::format("guest: {{channel: virtio, {}}} has no such limit, but boots a guest for each case", more)};
  }
  if (!no_memory) return std::nullopt;
  return kernel::PreflightFinding{
      .code = base::Code::file_not_taken,
      .message = prepared.packages.bytes > content_bytes(prepared)
                     ? fmt::format("the case's packages do not fit into the guest's {} MiB of memory: they have {} MiB",
                                   memory, prepared.packages.bytes / kMiB)
                     : fmt::format("the case's files do not fit into the guest's {} MiB of memory: {}", memory,
                                   largest(prepared)),
      .hint = fmt::format("give the guest more (guest: {{{}}})", more)};
}

}  // namespace kmodtest::run
