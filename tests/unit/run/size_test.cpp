// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/size.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

constexpr std::size_t kMiB = 1u << 20;

Prepared with_module_of(std::size_t bytes, vm::ChannelKind channel = vm::ChannelKind::memory) {
  Prepared prepared;
  prepared.spec.channel = channel;
  prepared.spec.memory_mib = 256;
  prepared.files.push_back(
      {.path = "/tmp/modules/ex.ko", .content = std::make_shared<const std::string>(std::string(bytes, 'x'))});
  return prepared;
}

TEST(Size, AnOrdinaryModuleFits) {
  EXPECT_EQ(find_too_large(with_module_of(1 * kMiB)), std::nullopt);
  EXPECT_EQ(find_too_large(with_module_of(19 * kMiB)), std::nullopt);
  EXPECT_EQ(find_too_large(Prepared{}), std::nullopt);
}

TEST(Size, AModuleThatDoesNotFitIntoTheSharedMemoryIsNamed) {
  const auto finding = find_too_large(with_module_of(20 * kMiB));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->message,
            "the case's files do not fit into the 19 MiB that host and guest share: ex.ko has 20 MiB");
  EXPECT_EQ(finding->hint, "guest: {channel: virtio, memory: 256M} has no such limit, but boots a guest for each case");
  EXPECT_EQ(find_too_large(with_module_of(20 * kMiB, vm::ChannelKind::virtio)), std::nullopt);
  EXPECT_EQ(find_too_large(with_module_of(200 * kMiB))->hint,
            "guest: {channel: virtio, memory: 768M} has no such limit, but boots a guest for each case");
}

TEST(Size, AModuleThatDoesNotFitIntoTheGuestIsNamed) {
  const auto finding = find_too_large(with_module_of(200 * kMiB, vm::ChannelKind::virtio));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->message, "the case's files do not fit into the guest's 256 MiB of memory: ex.ko has 200 MiB");
  EXPECT_EQ(finding->hint, "give the guest more (guest: {memory: 768M})");
}

}  // namespace
}  // namespace kmodtest::run
