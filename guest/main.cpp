// SPDX-License-Identifier: GPL-2.0-or-later
#include <utility>

#include "agent.hpp"
#include "boot.hpp"
#include "kept_mounts.hpp"
#include "resources.hpp"

/// Runs PID 1 of the guest. docs/internals/protocol.md describes what it does.
int main() {
  using namespace kmodtest::guest;
  mount_file_systems();
  keep_mounts();
  const bool virtual_time = command_line_value("kmodtest.clock", "real") == "virtual";
  const std::string channel = command_line_value("kmodtest.channel", "virtio");
  load_modules("/modules/always");
  if (channel == "virtio") load_modules("/modules/virtio");
  prepare_resources();
  Worker worker;
  worker.start();
  Agent agent(open_channel(channel, virtual_time), std::move(worker));
  agent.serve(virtual_time);
}
