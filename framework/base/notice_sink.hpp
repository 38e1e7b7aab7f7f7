// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::base {

/// Takes messages for the user that are not results, such as "built counter for 6.1.0-50-cloud-amd64". Whatever does
/// work in the background reports through one of these.
class NoticeSink {
 public:
  virtual ~NoticeSink() = default;
  /// Can be called from any thread, and from several at once.
  virtual void say(const std::string &text) = 0;
};

/// Returns a sink that drops all messages.
inline NoticeSink &ignored_notices() {
  class Ignored final : public NoticeSink {
    void say(const std::string &) override {}
  };
  static Ignored ignored;
  return ignored;
}

}  // namespace kmodtest::base
