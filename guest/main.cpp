// SPDX-License-Identifier: GPL-2.0-or-later
#include <utility>

#include "agent.hpp"
#include "boot.hpp"

/// PID 1 of the guest. docs/protocol.md says what it does.
int main() {
  using namespace kmodtest::guest;
  mount_file_systems();
  load_channel_modules();
  Worker worker;
  worker.start();
  Channel channel(command_line_value("kmodtest.channel", "virtio"));
  Agent agent(std::move(channel), std::move(worker));
  agent.serve();
}
