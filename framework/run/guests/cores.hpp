// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <deque>

#include "base/asio.hpp"
#include "base/task.hpp"

namespace kmodtest::run {

/// Shares the host's cores among guests. A guest under virtual time runs on one thread, one in real time on as many as
/// it has CPUs; with more threads than cores its clock would continue while its CPUs wait for a core. First come, first
/// served. Used on one io_context's thread.
class Cores {
 public:
  /// Sets the total. Without one there is no limit: then the user has chosen how many guests run at once.
  Cores(base::asio::io_context &io, int total) : io_(io), total_(total), free_(total) {}

  /// Waits until `number` cores are free (or all of them if there are fewer), and takes them. After end() it returns at
  /// once and takes none.
  base::Task<> acquire(int number);
  void release(int number);
  /// Releases all waiting tasks, now and later, because the run ends.
  void end();

 private:
  struct Waiting {
    int number = 0;
    base::Event turn;
  };
  int wanted(int number) const;
  void give_turns();

  base::asio::io_context &io_;
  int total_;
  int free_;
  bool ended_ = false;
  std::deque<Waiting *> queue_;
};

}  // namespace kmodtest::run
