// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "wire/values.hpp"

/// The steps that call a device's file, and the message about such a call.
namespace kmodtest::wire {

/// Bytes of which some can have any value.
struct BytePattern {
  std::string values = {};
  std::string known = {};  ///< as long: 1 for a byte that counts, 0 for any

  template <class Visitor>
  void fields(Visitor &v) {
    v(values, known);
  }
  bool operator==(const BytePattern &) const = default;
};

/// The largest argument of an ioctl, and the longest piece of a mapping that is read or written.
inline constexpr std::size_t kMostDeviceBytes = 16u << 10;

/// Opens a file and calls ioctl(2).
struct Ioctl {
  std::string path = {};
  std::uint64_t request = 0;
  std::optional<std::uint64_t> number = {};  ///< the argument; without it, the argument points to bytes
  std::string bytes = {};  ///< these bytes; zeros follow up to what is expected, or the request's own size
  std::int32_t expected_errno = 0;
  std::optional<Range> returns = {};  ///< the value of a call that succeeds
  BytePattern gives = {};             ///< what the bytes are after the call, from the first one on

  template <class Visitor>
  void fields(Visitor &v) {
    v(path, request, number, bytes, expected_errno, returns, gives);
  }
  bool operator==(const Ioctl &) const = default;
};

/// Opens a file, calls mmap(2) for shared memory, writes and reads some of it.
struct MapMemory {
  std::string path = {};
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t length = 4096;
  std::uint64_t at = 0;    ///< in the mapping: where bytes are written, and then read
  std::string bytes = {};  ///< to write; none: the memory is mapped for reading only
  std::int32_t expected_errno = 0;
  BytePattern gives = {};

  template <class Visitor>
  void fields(Visitor &v) {
    v(path, offset, length, at, bytes, expected_errno, gives);
  }
  bool operator==(const MapMemory &) const = default;
};

/// Opens a file and waits with poll(2) until it has one of these events, at most until the step's deadline.
struct Poll {
  std::string path = {};
  std::uint16_t events = 0;  ///< POLLIN… of poll(2)
  bool absent = false;       ///< none of them may come until the deadline

  template <class Visitor>
  void fields(Visitor &v) {
    v(path, events, absent);
  }
  bool operator==(const Poll &) const = default;
};

/// An ioctl, mmap or poll step has made its call.
struct DeviceCalled {
  std::uint32_t step = 0;
  std::string path;
  std::int32_t error = 0;
  std::int64_t value = 0;  ///< of an ioctl what it returned, of a poll all events (POLLIN…)
  std::string bytes;       ///< of an ioctl the argument after the call, of an mmap what was read
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, path, error, value, bytes);
  }
  bool operator==(const DeviceCalled &) const = default;
};

}  // namespace kmodtest::wire
