// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace kmodtest::vm {

/// Returns QEMU's path. Throws base::Error that names the package if it is missing.
std::filesystem::path qemu_path();

/// Returns the version in `qemu --version`, e.g. "10.0.2 (Debian 1:10.0.2+ds-2)". Throws base::Error if it cannot be
/// run.
std::string qemu_version(const std::filesystem::path &qemu);

/// Returns the wrapper kmodtest-qemu: next to this program, or where it is installed. Throws base::Error if it is in
/// neither place.
std::filesystem::path emulator_wrapper();

/// Returns the library that QEMU is started with under virtual time (emulator/main_loop_gate.cpp): next to this
/// program, or where it is installed. Throws base::Error if it is in neither place.
std::filesystem::path main_loop_gate_library();

/// Returns the version in the first line of `qemu --version`; the whole line if it has another form.
std::string parse_qemu_version(const std::string &output);

/// Creates an empty qcow2 image that can take a machine's state, or the changes to another such image (qemu-img).
/// Throws base::Error.
void make_state_image(const std::filesystem::path &file);

/// The name under which QEMU saves a guest.
inline constexpr const char *kStateName = "kmodtest";

/// Creates the image of an empty disk, saved under kStateName (qemu-img). Throws base::Error.
void make_disk_image(const std::filesystem::path &file, std::uint64_t bytes);

/// Lets the library `gate` look into QEMU: returns what it misses there ("QEMU has no qemu_ram_foreach_block"); empty:
/// nothing. Takes as long as `qemu --version`.
std::string what_qemu_lacks(const std::filesystem::path &qemu, const std::filesystem::path &gate);

}  // namespace kmodtest::vm
