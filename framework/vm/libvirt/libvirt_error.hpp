// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/error.hpp"

namespace kmodtest::vm {

/// Keeps libvirt from printing errors to stderr by itself. For the whole process; may be called again.
void silence_libvirt();

/// What failed, in our words and then in libvirt's, with a hint where we know one. Reads the calling thread's last
/// libvirt error, so call it on the thread where the call failed, at once.
base::Error libvirt_error(const std::string &what_failed);

/// The hint for one of libvirt's messages; empty when we know none.
std::string hint_for(const std::string &libvirt_message);
/// Its code; Code::libvirt_failed when we know none that says more.
base::Code code_for(const std::string &libvirt_message);

}  // namespace kmodtest::vm
