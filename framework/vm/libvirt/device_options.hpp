// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "vm/guest.hpp"

/// QEMU's options for what libvirt has no elements for, or has elements that change from version to version.
namespace kmodtest::vm {

/// An option of QEMU and its value.
using QemuOption = std::pair<const char *, std::string>;

/// Doubles commas, since a single comma separates the parts of a value.
std::string option_value(const std::filesystem::path &path);

/// Returns the option for the image with the state of the machine.
QemuOption state_option(const GuestSpec &spec, const GuestFiles &files);

/// Returns the options for the guest's own devices. Network cards are all on one hub, which leads nowhere else. Disks
/// have the images in `files.disks`.
std::vector<QemuOption> device_options(const GuestSpec &spec, const GuestFiles &files);

}  // namespace kmodtest::vm
