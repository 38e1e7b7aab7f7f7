// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "shards/host_messages.hpp"

namespace kmodtest::shards {

/// Another machine that runs shards, to which a connection stands.
class Host {
 public:
  virtual ~Host() = default;
  /// Returns the connection to serve_as_host() there.
  virtual MessageLink &link() = 0;
  /// Returns a better error for a connection that has ended.
  virtual base::Error error_of(const base::Error &lost) const = 0;
};

/// Connects to a host by its name; blocks. Throws base::Error that names the host.
using ConnectHost = std::function<std::unique_ptr<Host>(const std::string &name)>;

}  // namespace kmodtest::shards
