// SPDX-License-Identifier: GPL-2.0-or-later
// A pack holds the digest of the guests' program. A tree for sanitizers does not build it, so the tests have their own.
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>

#include "support/scratch_folder.hpp"

namespace kmodtest::shards {
namespace {

class AgentFile : public ::testing::Environment {
 public:
  void SetUp() override {
    data_ = std::make_unique<support::ScratchFolder>();
    data_->write("kmodtest-agent", "agent");
    ::setenv("KMODTEST_DATA", data_->path().c_str(), 1);
  }
  void TearDown() override { data_.reset(); }

 private:
  std::unique_ptr<support::ScratchFolder> data_;
};

const auto *const agent_file = ::testing::AddGlobalTestEnvironment(new AgentFile);

}  // namespace
}  // namespace kmodtest::shards
