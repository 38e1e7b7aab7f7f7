// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/cancellation.hpp"

#include <utility>

namespace kmodtest::run {

void Cancellation::cancel() {
  if (std::exchange(cancelled_, true)) return;
  const auto callbacks = callbacks_;
  for (const auto &[id, callback] : callbacks) {
    if (callbacks_.count(id) > 0) callback();
  }
}

Cancellation::Registration::Registration(Cancellation &source, std::function<void()> callback) : source_(source) {
  if (source_.cancelled_) {
    callback();
    return;
  }
  id_ = ++source_.last_id_;
  source_.callbacks_[id_] = std::move(callback);
}

Cancellation::Registration::~Registration() {
  source_.callbacks_.erase(id_);
}

}  // namespace kmodtest::run
