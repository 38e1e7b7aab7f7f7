// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/cores.hpp"

#include <algorithm>

namespace kmodtest::run {

int Cores::wanted(int number) const {
  return std::min(number, total_);
}

base::Task<> Cores::acquire(int number) {
  if (total_ <= 0 || ended_) co_return;
  Waiting waiting{wanted(number), base::Event(io_)};
  queue_.push_back(&waiting);
  give_turns();
  co_await waiting.turn.wait();
}

void Cores::release(int number) {
  if (total_ <= 0 || ended_) return;
  free_ += wanted(number);
  give_turns();
}

void Cores::end() {
  ended_ = true;
  for (Waiting *waiting : queue_) waiting->turn.set();
  queue_.clear();
}

void Cores::give_turns() {
  while (!queue_.empty() && queue_.front()->number <= free_) {
    free_ -= queue_.front()->number;
    queue_.front()->turn.set();
    queue_.pop_front();
  }
}

}  // namespace kmodtest::run
