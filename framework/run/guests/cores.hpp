// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <deque>

#include "base/asio.hpp"
#include "base/task.hpp"

namespace kmodtest::run {

/// The host's cores, shared out among guests. A guest under virtual time runs on one thread, one in real time on as
/// many as it has CPUs; with more threads than cores its clock would go on while its CPUs wait for a core. First come,
/// first served. For one io_context's thread.
class Cores {
 public:
  /// Without a total there is no limit: somebody else decided how many guests run at once.
  Cores(base::asio::io_context &io, int total) : io_(io), total_(total), free_(total) {}

  /// Waits until `number` cores are free, or all of them where it is more than there are, and takes them. At once and
  /// without taking any after end().
  base::Task<> acquire(int number);
  void release(int number);
  /// Lets all that wait go, now and later: the run ends.
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
