// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/asio.hpp"
#include "run/exit_code.hpp"
#include "run/guests/cores.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/interactive/debugger.hpp"
#include "run/interactive/kept_guest.hpp"
#include "run/repeatability.hpp"
#include "run/run_options.hpp"
#include "run/select/schedule.hpp"

namespace kmodtest::run {

/// Is shared by the coroutines of one run.
struct RunState {
  RunState(GuestPool &where, Prepare how, int workers, int cores_shared, Schedule what)
      : pool(where),
        io(where.io()),
        cancellation(where.cancellation()),
        prepare(std::move(how)),
        threads(static_cast<std::size_t>(workers)),
        cores(io, cores_shared),
        schedule(std::move(what)) {}

  GuestPool &pool;
  base::asio::io_context &io;
  Cancellation &cancellation;
  Prepare prepare;
  base::asio::thread_pool threads;
  base::asio::thread_pool ahead{2};  ///< prepares cases before their turn, and reads what their ends need
  std::atomic<bool> ending = false;  ///< no further case will start
  Cores cores;
  Schedule schedule;
  std::vector<std::string> folders;  ///< of artifacts, by Entry::number; empty without --out
  RunResult result;
  std::size_t finished = 0;
  RepeatabilityCheck repeatability;
  int active_workers = 0;
  bool ticking = false;
  /// `listening`: a handler of `signals` is still to be called. `over`: all workers have ended. Shared, because
  /// handlers can be called after the run.
  std::shared_ptr<bool> listening = std::make_shared<bool>(false), over = std::make_shared<bool>(false);
  std::optional<Debugger> debugger;
  KeptGuest kept_guest{pool};
  std::exception_ptr problem;  ///< the first one that ends the whole run
  base::asio::signal_set signals{io};
  base::asio::steady_timer ticker{io};

  /// Ends the run with this problem, unless another one came first.
  void fail(std::exception_ptr what) {
    if (!problem) problem = std::move(what);
    end();
  }
  /// Ends everything that runs and starts nothing more.
  void end() {
    ending = true;
    cancellation.cancel();
    cores.end();
  }
};

/// Is kept by one worker from case to case.
struct Worker {
  int number = 0;
  GuestSlot *slot = nullptr;  ///< none before its first case
  std::string group = {};     ///< of its last guest
};

}  // namespace kmodtest::run
