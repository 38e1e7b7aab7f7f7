// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/held_sockets.hpp"

#include <array>
#include <csignal>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/process.hpp"

namespace kmodtest::vm {
namespace {

using namespace std::chrono_literals;

/// A child that only has one end of a connection; this process has the other end.
struct Connected {
  pid_t child = -1;
  base::Descriptor ours;
};

Connected start_connected_child() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[0]);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  return {.child = child, .ours = base::Descriptor(ends[0])};
}

bool has_ended(const base::Descriptor &connection) {
  pollfd look{connection.get(), POLLIN, 0};
  return ::poll(&look, 1, 0) == 1;
}

TEST(HeldSockets, DelayTheEndOfAConnectionUntilTheProcessIsGone) {
  const Connected connected = start_connected_child();
  std::optional<HeldSockets> held(std::in_place, connected.child);
  EXPECT_GE(held->size(), 1u);  // a child can inherit others
  ASSERT_TRUE(end_process(connected.child, 10s));
  EXPECT_EQ(::kill(connected.child, 0), -1);
  EXPECT_FALSE(has_ended(connected.ours));
  held.reset();
  EXPECT_TRUE(has_ended(connected.ours));
}

TEST(HeldSockets, AreNoneOfAProcessThatDoesNotExist) {
  const Connected connected = start_connected_child();
  ASSERT_TRUE(end_process(connected.child, 10s));
  EXPECT_EQ(HeldSockets(connected.child).size(), 0u);
}

}  // namespace
}  // namespace kmodtest::vm
