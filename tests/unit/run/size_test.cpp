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

std::size_t shared_with_module_of(std::size_t bytes) {
  Prepared prepared = with_module_of(bytes);
  choose_shared_memory(prepared);
  return prepared.spec.shared_bytes;
}

TEST(Size, TheSharedMemoryGrowsWithTheFiles) {
  EXPECT_EQ(shared_with_module_of(1 * kMiB), 32 * kMiB);
  EXPECT_EQ(shared_with_module_of(19 * kMiB), 32 * kMiB);
  EXPECT_EQ(shared_with_module_of(20 * kMiB), 64 * kMiB);
  EXPECT_EQ(shared_with_module_of(60 * kMiB), 128 * kMiB);
  EXPECT_EQ(shared_with_module_of(240 * kMiB), 256 * kMiB);
  EXPECT_EQ(shared_with_module_of(250 * kMiB), 256 * kMiB);
}

TEST(Size, AModuleThatFitsIntoAGrownSharedMemoryIsFine) {
  Prepared prepared = with_module_of(40 * kMiB);
  choose_shared_memory(prepared);
  EXPECT_EQ(find_too_large(prepared), std::nullopt);
}

TEST(Size, AModuleThatDoesNotFitIntoTheLargestSharedMemoryIsNamed) {
  Prepared prepared = with_module_of(250 * kMiB);
  prepared.spec.memory_mib = 1024;
  choose_shared_memory(prepared);
  const auto finding = find_too_large(prepared);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->message,
            "the case's files do not fit into the 243 MiB that host and guest share: ex.ko has 250 MiB");
  EXPECT_EQ(finding->hint,
            "guest: {channel: virtio, memory: 1024M} has no such limit, but boots a guest for each case");
  prepared.spec.memory_mib = 256;
  EXPECT_EQ(find_too_large(prepared)->hint,
            "guest: {channel: virtio, memory: 1024M} has no such limit, but boots a guest for each case");
  EXPECT_EQ(find_too_large(with_module_of(20 * kMiB, vm::ChannelKind::virtio)), std::nullopt);
}

TEST(Size, AModuleThatDoesNotFitIntoTheGuestIsNamed) {
  const auto finding = find_too_large(with_module_of(200 * kMiB, vm::ChannelKind::virtio));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->message, "the case's files do not fit into the guest's 256 MiB of memory: ex.ko has 200 MiB");
  EXPECT_EQ(finding->hint, "give the guest more (guest: {memory: 768M})");
}

TEST(Size, PackagesHaveToFitIntoTheMemory) {
  Prepared prepared = with_module_of(1 * kMiB);
  prepared.packages.bytes = 70 * kMiB;
  EXPECT_EQ(find_too_large(prepared), std::nullopt);
  prepared.packages.bytes = 100 * kMiB;
  const auto finding = find_too_large(prepared);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->message, "the case's packages do not fit into the guest's 256 MiB of memory: they have 100 MiB");
  EXPECT_EQ(finding->hint, "give the guest more (guest: {memory: 512M})");
}

}  // namespace
}  // namespace kmodtest::run
