// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/first_pause.hpp"

#include <array>
#include <gtest/gtest.h>
#include <vector>

#include "wire/shared_memory.hpp"

namespace kmodtest::emulator {
namespace {

constexpr int kPaused = 4;

/// A machine with two CPUs.
struct {
  bool running = true;
  std::vector<int> asked;
} paused_machine;
std::array<int, 2> two_cpus{0, 1};

class FirstPauseTest : public testing::Test {
 protected:
  FirstPauseTest() {
    paused_machine = {};
    qemu_.cpu = [](int index) -> void * { return index < 2 ? &two_cpus.at(static_cast<std::size_t>(index)) : nullptr; };
    qemu_.is_stopped = [](void *) { return !paused_machine.running; };
    qemu_.prepare_pause = [](int state) { paused_machine.asked.push_back(-state); };
    qemu_.request_pause = [](int state) { paused_machine.asked.push_back(state); };
    qemu_.paused = kPaused;
  }

  unsigned char *page() { return reinterpret_cast<unsigned char *>(words_.data()); }

  Qemu qemu_{};
  FirstPause pause_;
  std::vector<std::uint64_t> words_ = std::vector<std::uint64_t>(wire::kSharedMemoryBytes / sizeof(std::uint64_t));
  wire::SharedMemory memory_{words_.data()};
};

TEST_F(FirstPauseTest, TheMachineIsPausedOnceWhenItsCpusAreIdle) {
  memory_.set_settling(wire::Settling::wanted);
  pause_.accept(page());
  EXPECT_EQ(memory_.settling(), wire::Settling::accepted);
  EXPECT_TRUE(paused_machine.asked.empty()) << "a CPU runs";
  EXPECT_TRUE(pause_.holds(qemu_));
  EXPECT_TRUE(pause_.holds(qemu_)) << "the main loop has not had its turn";
  EXPECT_EQ(memory_.settling(), wire::Settling::accepted);
  EXPECT_EQ(paused_machine.asked, (std::vector<int>{-kPaused, kPaused}));
  paused_machine.running = false;
  EXPECT_TRUE(pause_.holds(qemu_));
  EXPECT_EQ(memory_.settling(), wire::Settling::paused);
  paused_machine.running = true;
  EXPECT_FALSE(pause_.holds(qemu_)) << "the machine continues";
  EXPECT_EQ(paused_machine.asked.size(), 2u);
}

TEST_F(FirstPauseTest, OtherReadsOfTheClockPauseNothing) {
  for (const auto other :
       {wire::Settling::none, wire::Settling::coming, wire::Settling::paused, wire::Settling::over}) {
    memory_.set_settling(other);
    pause_.accept(page());
    EXPECT_EQ(memory_.settling(), other);
    EXPECT_FALSE(pause_.holds(qemu_));
  }
  EXPECT_TRUE(paused_machine.asked.empty());
}

}  // namespace
}  // namespace kmodtest::emulator
