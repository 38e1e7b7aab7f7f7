// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/error.hpp"

namespace kmodtest::vm {

/// Keeps libvirt from printing errors to stderr, in the whole process. Can be called repeatedly.
void silence_libvirt();

/// Returns an error with our description and libvirt's message, with a hint if there is one. Reads the calling thread's
/// last libvirt error, so call it at once, on the thread where the call failed.
base::Error libvirt_error(const std::string &what_failed);

/// Returns the hint for one of libvirt's messages; empty if there is none.
std::string hint_for(const std::string &libvirt_message);
/// Returns the code for one of libvirt's messages; Code::libvirt_failed if there is no more specific one.
base::Code code_for(const std::string &libvirt_message);

}  // namespace kmodtest::vm
