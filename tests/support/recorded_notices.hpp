// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/notice_sink.hpp"

namespace kmodtest::support {

/// Keeps all messages in the order in which they arrive.
class RecordedNotices final : public base::NoticeSink {
 public:
  void say(const std::string &text) override {
    const std::lock_guard guard(mutex_);
    said.push_back(text);
  }
  std::vector<std::string> said;

 private:
  std::mutex mutex_;
};

}  // namespace kmodtest::support
