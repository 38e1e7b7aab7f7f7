// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

/// What PID 1 has to do before there is anybody to talk to.
namespace kmodtest::guest {

/// Mounts /proc, /sys, /dev and /tmp, gives the standard descriptors something to point to.
void mount_file_systems();

/// Loads the modules that a file of the initramfs names (one path a line). No such file is fine: the kernel has it all
/// built in. What does not load is complained of on the console.
void load_modules(const char *list);

/// The value of a word NAME=VALUE of the kernel's command line, or `otherwise`.
std::string command_line_value(const std::string &name, const std::string &otherwise);

/// finit_module(2) with parameters as the kernel parses them ("k=v k2=\"v w\""). Gives errno or 0.
int load_module(const std::string &path, const std::string &params);
/// delete_module(2), never waiting. Gives errno or 0.
int unload_module(const std::string &name, bool force);

[[noreturn]] void power_off();

}  // namespace kmodtest::guest
