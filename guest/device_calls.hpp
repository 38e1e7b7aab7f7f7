// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "wire/program.hpp"

/// Calls that open a device's file and close it again.
namespace kmodtest::guest {

/// Returns the argument of Job::Kind::device_call. A poll ends after `patience`.
std::string device_job(const wire::Ioctl &call);
std::string device_job(const wire::MapMemory &map);
std::string device_job(const wire::Poll &poll, wire::Microseconds patience);

/// Makes the call of a job on a file. Returns its errno, and in `answer` what it gave.
int call_device(const std::string &path, const std::string &job, std::string &answer);

/// Takes `answer` apart: the value that the call returned, and bytes.
std::int64_t take_value(std::string &answer);

}  // namespace kmodtest::guest
