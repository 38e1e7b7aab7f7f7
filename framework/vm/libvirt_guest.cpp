// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt_guest.hpp"

#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/offload.hpp"
#include "vm/console_tail.hpp"
#include "vm/libvirt_error.hpp"
#include "vm/process.hpp"

namespace kmodtest::vm {
namespace {

constexpr std::chrono::seconds kEndPatience{5};
constexpr std::size_t kLongestName = 40;

/// A name that libvirt, file names and the eye can bear.
std::string machine_name(const std::string &wanted, int number) {
  std::string name;
  for (const char c : wanted.substr(0, kLongestName)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    name += plain ? c : '-';
  }
  return fmt::format("kmodtest-{}-{}-{}", ::getpid(), number, name);
}

}  // namespace

std::unique_ptr<Guest> LibvirtGuest::start(const std::shared_ptr<LibvirtDriver> &driver, GuestSpec spec,
                                           const std::string &name) {
  auto machine = std::make_shared<Machine>();
  machine->driver = driver;
  machine->name = machine_name(name, driver->next_number());
  RunRoot &root = driver->root();
  machine->files.folder = root.make_guest_folder();
  machine->files.console = machine->files.folder / "console";
  machine->files.channel = machine->files.folder / "agent";
  if (driver->embedded()) machine->files.controller_pid = static_cast<int>(::getpid());
  spec.kernel_image = root.readable_by_qemu(spec.kernel_image);
  spec.initramfs = root.readable_by_qemu(spec.initramfs);
  machine->xml = domain_xml(spec, machine->name, machine->files, driver->emulator());
  machine->watch = driver->watch(machine->name);
  machine->watch->console = machine->files.console;
  machine->domain.reset(virDomainCreateXML(driver->connection(), machine->xml.c_str(), 0));
  if (!machine->domain) throw libvirt_error(fmt::format("cannot start guest '{}'", name));
  machine->qemu_pid = find_qemu(*machine);
  driver->save_capabilities();
  return std::unique_ptr<Guest>(new LibvirtGuest(std::move(machine)));
}

int LibvirtGuest::find_qemu(const Machine &machine) {
  if (!machine.driver->embedded()) return 0;
  std::ifstream file(machine.driver->root().path() / "run/qemu" / (machine.name + ".pid"));
  int pid = 0;
  file >> pid;
  return pid;
}

LibvirtGuest::~LibvirtGuest() {
  {
    const std::lock_guard lock(machine_->watch->mutex);
    machine_->watch->callback = nullptr;
  }
  machine_->end();
}

base::Task<base::UnixSocket> LibvirtGuest::open_channel() {
  auto executor = co_await base::asio::this_coro::executor;
  base::UnixSocket socket(executor);
  const base::asio::local::stream_protocol::endpoint endpoint(machine_->files.channel.string());
  boost::system::error_code error;
  // QEMU listens before the machine counts as started, so this neither blocks nor has to be tried again.
  socket.connect(endpoint, error);
  if (error) {
    throw base::Error(fmt::format("cannot open the channel to guest '{}': {}", machine_->name, error.message()),
                      "the guest has probably ended: see its console");
  }
  co_return socket;
}

GuestState LibvirtGuest::state() const {
  const std::lock_guard lock(machine_->watch->mutex);
  return machine_->watch->state;
}

void LibvirtGuest::on_state_change(std::function<void(GuestState)> callback) {
  const std::lock_guard lock(machine_->watch->mutex);
  machine_->watch->callback = std::move(callback);
}

std::string LibvirtGuest::console() const {
  return last_console_.empty() ? console_tail(machine_->files.console) : last_console_;
}

base::Task<> LibvirtGuest::stop() {
  last_console_ = console();  // the file goes away with the machine
  const std::shared_ptr<Machine> machine = machine_;
  std::function<void()> end = [machine] { machine->end(); };
  base::asio::thread_pool &pool = machine->driver->blocking();
  co_await base::offload<void>(pool, std::move(end));
}

void LibvirtGuest::Machine::end() noexcept {
  try {
    const std::lock_guard lock(ending);
    if (ended) return;
    ended = true;
    {
      const std::lock_guard state_lock(watch->mutex);
      watch->callback = nullptr;
      if (watch->state == GuestState::running) watch->state = GuestState::stopped;
    }
    // The guest has nothing worth saving: by hand it is gone at once, while libvirt asks politely first and then looks
    // ten times a second. Its own clean-up follows in virDomainDestroy.
    if (qemu_pid > 0) end_process(qemu_pid, kEndPatience);
    if (domain) virDomainDestroy(domain.get());
    domain.reset();
    driver->unwatch(name);
    std::error_code ignored;
    std::filesystem::remove_all(files.folder, ignored);
  } catch (const std::exception &) {
    // From a destructor: the sweep of the next run takes what is left.
  }
}

}  // namespace kmodtest::vm
