// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace kmodtest::vm {

/// QEMU's path. Throws base::Error that names the package when it is missing.
std::filesystem::path qemu_path();

/// What `qemu --version` says, e.g. "10.0.2 (Debian 1:10.0.2+ds-2)". Throws base::Error when it cannot be run.
std::string qemu_version(const std::filesystem::path &qemu);

/// The wrapper kmodtest-qemu: beside this program, or where it is installed. Throws base::Error when it is nowhere.
std::filesystem::path emulator_wrapper();

/// What QEMU is started with under virtual time (emulator/main_loop_gate.cpp): beside this program, or where it is
/// installed. Throws base::Error when it is nowhere.
std::filesystem::path main_loop_gate_library();

/// The version in the first line of `qemu --version`; the whole line when it has another form.
std::string parse_qemu_version(const std::string &output);

/// An empty qcow2 image that can take a machine's state, or what is written to another such image (qemu-img). Throws
/// base::Error.
void make_state_image(const std::filesystem::path &file);

}  // namespace kmodtest::vm
