// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/message.hpp"

namespace kmodtest::observe {

/// A call of a function that can be made to fail, as kmodtest_faults counted it.
struct FaultCall {
  /// The code that made the call.
  enum class Context {
    init,   ///< the task that loads the module, in its init function
    exit,   ///< the module's exit function
    other,  ///< a thread, an interrupt, a call of a process
  };
  std::uint64_t number = 0;  ///< counts from 1 over all modules under test
  std::uint32_t step = 0;    ///< of the program; the step at whose end it was reported
  Context context = Context::other;
  bool failed = false;
  std::string symbol;    ///< "kmalloc_trace"
  std::string place;     ///< "my_init+0x3e"; the call returns to there
  std::string function;  ///< "my_init"
  std::uint64_t offset = 0, size = 0;
  std::string module;

  /// Returns "my:my_init+0x3e", the key of its source line (judge::Observations::call_sources).
  std::string key() const { return module + ':' + place; }
};

/// Memory that a module allocated at one place, and that was not freed when the module was gone.
struct MemoryLeft {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;  ///< as the module asked for
  FaultCall call;           ///< the allocation; it has no number
};

/// An object that a module allocated, and that the module freed although it was free.
struct FreedTwice {
  std::uint64_t bytes = 0;  ///< as the module asked for
  FaultCall second, first;  ///< the calls that free it; `first` has no symbol if the kernel did
  FaultCall allocation;
};

/// A free of an address behind the beginning of an object that a module allocated.
struct InnerFree {
  std::uint64_t offset = 0;  ///< of the address in the object
  std::uint64_t bytes = 0;   ///< as the module asked for
  FaultCall free, allocation;
};

/// The calls of a case.
struct FaultCalls {
  std::vector<FaultCall> calls = {};  ///< the first some thousand
  std::uint64_t counted = 0;          ///< all of them
  std::uint64_t failed = 0;
  std::vector<std::string> missing = {};  ///< symbols that could not be probed
  std::vector<MemoryLeft> left = {};      ///< at the end
  std::vector<FreedTwice> twice = {};
  std::vector<InnerFree> inner = {};

  /// Returns those that failed.
  std::vector<FaultCall> failures() const;
};

/// Reads the calls of a case; `log` has those that failed just before the guest ended. Leaves out what it does not
/// understand.
FaultCalls read_fault_calls(const std::vector<wire::AgentMessage> &messages,
                            const std::vector<wire::KernelLogLine> &log);

}  // namespace kmodtest::observe
