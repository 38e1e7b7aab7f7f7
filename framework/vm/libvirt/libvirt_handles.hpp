// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdlib>
#include <libvirt/libvirt.h>
#include <memory>

/// libvirt's counted handles and strings, owned.
namespace kmodtest::vm {

struct CloseConnection {
  void operator()(virConnectPtr connection) const { virConnectClose(connection); }
};
/// Drops only the reference; the machine keeps running.
struct FreeDomain {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
struct FreeMemory {
  void operator()(void *memory) const { std::free(memory); }
};

using Connection = std::unique_ptr<virConnect, CloseConnection>;
using Domain = std::unique_ptr<virDomain, FreeDomain>;
using LibvirtString = std::unique_ptr<char, FreeMemory>;

}  // namespace kmodtest::vm
