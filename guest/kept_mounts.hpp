// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// What the agent itself observes in /proc, /sys and /dev. A module or a command of the case can mount something over
/// them, or unmount them; the agent still sees the file systems that it mounted.
namespace kmodtest::guest {

/// Keeps /proc, /sys, /dev and the agent's mounts in them as they are now.
void keep_mounts();

/// Opens a file: one below the kept mounts in there, any other one by its path. `flags`: O_CLOEXEC is added.
int open_kept(const char *path, int flags);

/// Returns whether a descriptor is one of keep_mounts().
bool is_kept(int fd);

}  // namespace kmodtest::guest
