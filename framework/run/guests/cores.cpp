// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/cores.hpp"

#include <algorithm>

namespace kmodtest::run {

namespace asio = base::asio;

int Cores::wanted(int number) const {
  return std::min(number, total_);
}

base::Task<> Cores::acquire(int number) {
  if (total_ <= 0 || ended_) co_return;
  Waiting waiting{wanted(number), asio::steady_timer(io_, asio::steady_timer::time_point::max())};
  queue_.push_back(&waiting);
  let_go();
  if (queue_.empty() || std::find(queue_.begin(), queue_.end(), &waiting) == queue_.end()) co_return;
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await waiting.turn.async_wait(token);
}

void Cores::release(int number) {
  if (total_ <= 0 || ended_) return;
  free_ += wanted(number);
  let_go();
}

void Cores::end() {
  ended_ = true;
  for (Waiting *waiting : queue_) waiting->turn.cancel();
  queue_.clear();
}

void Cores::let_go() {
  while (!queue_.empty() && queue_.front()->number <= free_) {
    free_ -= queue_.front()->number;
    queue_.front()->turn.cancel();
    queue_.pop_front();
  }
}

}  // namespace kmodtest::run
