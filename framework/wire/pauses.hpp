// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "wire/records.hpp"

/// The agent's messages about times in which it executes no step.
namespace kmodtest::wire {

/// All steps so far held, and the program rests. Nothing follows until Continue.
struct Resting {
  Microseconds time{0};
  template <class Visitor>
  void fields(Visitor &v) {
    v(time);
  }
  bool operator==(const Resting &) const = default;
};

/// The steps are done, no module under test is loaded, and until then nothing is done but wait, so that what is still
/// due after the unload happens.
struct Idles {
  Microseconds time{0};
  Microseconds until{0};
  template <class Visitor>
  void fields(Visitor &v) {
    v(time, until);
  }
  bool operator==(const Idles &) const = default;
};

}  // namespace kmodtest::wire
