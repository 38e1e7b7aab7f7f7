// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/libvirt_driver.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <libvirt/virterror.h>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "vm/console_tail.hpp"
#include "vm/emulator.hpp"
#include "vm/libvirt/event_loop.hpp"
#include "vm/libvirt/libvirt_error.hpp"

namespace kmodtest::vm {
namespace fs = std::filesystem;
namespace {

// For starting and ending machines: more at once than two cores can use anyway.
constexpr std::size_t kBlockingThreads = 4;
constexpr const char *kLibvirtCapabilities = "cache/qemu/capabilities";  // below the root

/// Makes the embedded driver log to a file like a daemon. libvirt reads the variable once, when it is initialised.
void quieten_libvirt(const fs::path &log) {
  constexpr const char *kOutputs = "LIBVIRT_LOG_OUTPUTS";
  const bool users_own = std::getenv(kOutputs) != nullptr;
  if (!users_own) ::setenv(kOutputs, ("3:file:" + log.string()).c_str(), 1);
  virInitialize();
  if (!users_own) ::unsetenv(kOutputs);  // not for our children
}

}  // namespace

void MachineWatch::change(GuestState to) {
  std::function<void(GuestState)> tell;
  {
    const std::lock_guard lock(mutex);
    if (state == to || state == GuestState::crashed) return;
    if (restoring && to == GuestState::crashed) return;
    if (to == GuestState::stopped && ended_in_panic(console, console_start)) to = GuestState::crashed;
    if (is_gone(state)) return;
    if (to == GuestState::stopped && guest_ends_it) to = GuestState::reset;
    state = to;
    tell = callback;
  }
  if (tell) tell(to);
}

bool check_uri(const std::string &uri) {
  const auto scheme_end = uri.find("://");
  const std::string scheme = uri.substr(0, scheme_end);
  const bool qemu = scheme == "qemu" || scheme.starts_with("qemu+");
  if (scheme_end == std::string::npos || !qemu) {
    throw base::UsageError(base::Code::bad_uri, fmt::format("libvirt URI '{}' does not lead to QEMU", uri),
                           "use qemu:///embed");
  }
  const std::string rest = uri.substr(scheme_end + 3);
  const bool local_transport = scheme == "qemu" || scheme == "qemu+unix";
  if (!local_transport || rest.empty() || rest.front() != '/') {
    throw base::UsageError(base::Code::bad_uri,
                           fmt::format("libvirt URI '{}' leads to another machine, which is not supported yet", uri),
                           "use qemu:///embed, qemu:///session or qemu:///system");
  }
  if (rest.starts_with("/embed") && uri != "qemu:///embed") {
    throw base::UsageError(base::Code::bad_uri,
                           fmt::format("libvirt URI '{}' names a root for the embedded driver", uri),
                           "use qemu:///embed: kmodtest makes the root itself");
  }
  return uri == "qemu:///embed";
}

LibvirtDriver::LibvirtDriver(base::asio::io_context &io, const HypervisorOptions &options)
    : uri_(options.uri), embedded_(check_uri(options.uri)), blocking_(kBlockingThreads) {
  const fs::path qemu = qemu_path();
  emulator_ = qemu;
  root_ = RunRoot::open();
  main_loop_gate_ = root_->readable_by_qemu(main_loop_gate_library());
  quieten_libvirt(root_->path() / "libvirt.log");
  silence_libvirt();
  std::string address = uri_;
  if (embedded_) {
    emulator_ = root_->startable_by_qemu(emulator_wrapper());
    address += "?root=" + root_->path().string();
    if (!options.cache.empty()) {
      const std::string user = root_->qemu_user() ? root_->qemu_user()->name : "self";
      capabilities_ = std::make_unique<CapabilitiesCache>(options.cache / "libvirt", qemu, emulator_, user);
      capabilities_->copy_to(root_->path() / kLibvirtCapabilities);
    }
    reaper_ = std::make_unique<ChildReaper>(io);
  }
  qemu_version_ = capabilities_ ? capabilities_->qemu_version() : vm::qemu_version(qemu);
  find_help(qemu);
  EventLoop::instance().attach(io);
  connection_.reset(virConnectOpen(address.c_str()));
  if (connection_) {
    event_subscription_ = virConnectDomainEventRegisterAny(connection(), nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                           VIR_DOMAIN_EVENT_CALLBACK(on_event), this, nullptr);
  }
  if (event_subscription_ < 0) {
    const base::Error error = libvirt_error(fmt::format("cannot open libvirt's {}", uri_));
    connection_.reset();
    EventLoop::instance().detach();
    throw error;
  }
  if (embedded_) begin_early();
}

/// Begins what the first guest needs of libvirt and qemu-img (35 ms together), while the caller still prepares a case.
/// What fails here fails again when a guest is started, and is reported then.
void LibvirtDriver::begin_early() {
  // libvirt reads its table of CPU models once.
  base::asio::post(blocking_, [this] { virConnectGetCPUModelNames(connection(), "x86_64", nullptr, 0); });
  base::asio::post(blocking_, [this] {
    try {
      root_->prepare_state_image();
    } catch (const std::exception &) {
    }
  });
}

void LibvirtDriver::find_help(const fs::path &qemu) {
  const std::string lacks =
      capabilities_ ? capabilities_->what_qemu_lacks(main_loop_gate_) : vm::what_qemu_lacks(qemu, main_loop_gate_);
  const char *restore = std::getenv("KMODTEST_RESTORE");
  const bool restore_all = restore != nullptr && std::string_view(restore) == "all";
  help_ = {.memory_apart = lacks.empty() && !restore_all, .long_pause = lacks.empty()};
  why_memory_is_not_apart_ = restore_all ? "KMODTEST_RESTORE=all asks for it" : lacks;
}

LibvirtDriver::~LibvirtDriver() {
  blocking_.join();
  virConnectDomainEventDeregisterAny(connection(), event_subscription_);
  connection_.reset();
  EventLoop::instance().detach();
}

std::shared_ptr<MachineWatch> LibvirtDriver::watch(const std::string &machine) {
  auto made = std::make_shared<MachineWatch>();
  const std::lock_guard lock(mutex_);
  watches_[machine] = made;
  return made;
}

void LibvirtDriver::unwatch(const std::string &machine) {
  const std::lock_guard lock(mutex_);
  watches_.erase(machine);
}

int LibvirtDriver::next_number() {
  const std::lock_guard lock(mutex_);
  return ++machines_;
}

void LibvirtDriver::save_capabilities() noexcept {
  const std::lock_guard lock(mutex_);
  if (capabilities_saved_ || !capabilities_) return;
  capabilities_saved_ = true;
  // If something else that libvirt checks has changed (its version, the host's kernel, access to /dev/kvm), libvirt has
  // queried QEMU again.
  capabilities_->store_from(root_->path() / kLibvirtCapabilities);
}

int LibvirtDriver::on_event(virConnectPtr, virDomainPtr domain, int event, int detail, void *self) {
  auto *driver = static_cast<LibvirtDriver *>(self);
  const bool crashed = event == VIR_DOMAIN_EVENT_CRASHED ||
                       (event == VIR_DOMAIN_EVENT_STOPPED && detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED);
  // Before it stops the machine, QEMU reports whether the guest or the host wants that.
  const bool by_guest = event == VIR_DOMAIN_EVENT_SHUTDOWN && detail == VIR_DOMAIN_EVENT_SHUTDOWN_GUEST;
  const bool no_room = event == VIR_DOMAIN_EVENT_SUSPENDED && detail == VIR_DOMAIN_EVENT_SUSPENDED_IOERROR;
  if (!crashed && !by_guest && !no_room && event != VIR_DOMAIN_EVENT_STOPPED) return 0;
  std::shared_ptr<MachineWatch> watch;
  {
    const std::lock_guard lock(driver->mutex_);
    const auto found = driver->watches_.find(virDomainGetName(domain));
    if (found != driver->watches_.end()) watch = found->second.lock();
  }
  if (!watch) return 0;
  if (by_guest) {
    const std::lock_guard lock(watch->mutex);
    watch->guest_ends_it = true;
  } else {
    watch->change(crashed ? GuestState::crashed : no_room ? GuestState::no_room : GuestState::stopped);
  }
  return 0;
}

}  // namespace kmodtest::vm
