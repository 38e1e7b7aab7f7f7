// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

/// The tasks of PID 1 before the controller can be reached.
namespace kmodtest::guest {

/// Mounts /proc, /sys, /dev and /tmp, and makes the standard descriptors valid.
void mount_file_systems();

/// Loads the modules that a file of the initramfs names (one path per line). The file can be missing: then the kernel
/// has everything built in. Reports modules that do not load on the console.
void load_modules(const char *list);

/// Returns the value of a word NAME=VALUE of the kernel's command line, or `otherwise`.
std::string command_line_value(const std::string &name, const std::string &otherwise);

/// Calls finit_module(2) with parameters as the kernel parses them ("k=v k2=\"v w\""). Returns errno or 0.
int load_module(const std::string &path, const std::string &params);
/// Calls delete_module(2), never waiting. Returns errno or 0.
int unload_module(const std::string &name, bool force);

}  // namespace kmodtest::guest
