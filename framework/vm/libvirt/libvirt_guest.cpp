// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/libvirt_guest.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <future>
#include <optional>
#include <unistd.h>
#include <utility>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "vm/emulator.hpp"
#include "vm/held_sockets.hpp"
#include "vm/libvirt/libvirt_error.hpp"
#include "vm/libvirt/monitor.hpp"
#include "vm/process.hpp"
#include "wire/coverage_memory.hpp"
#include "wire/race_memory.hpp"
#include "wire/schedule_memory.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::vm {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::seconds kEndPatience{5};
constexpr std::size_t kLongestName = 40;
constexpr const char *kOwnState = "saved.qcow2";
constexpr const char *kOwnMemory = "saved-memory";
constexpr int kIdleAttempts = 30;

/// Returns a short name, safe for libvirt and file names.
std::string machine_name(const std::string &wanted, int number) {
  std::string name;
  for (const char c : wanted.substr(0, kLongestName)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    name += plain ? c : '-';
  }
  return fmt::format("kmodtest-{}-{}-{}", ::getpid(), number, name);
}

/// Stops the machine at a moment when all of its CPUs are idle, if there is one soon. QEMU's choice of the next CPU
/// after a restore depends on where it stopped; if all are idle, it does not matter.
void pause_idle(Monitor &monitor) {
  for (int attempt = 0;; ++attempt) {
    monitor.pause();
    if (attempt == kIdleAttempts || monitor.all_halted()) return;
    monitor.resume();
  }
}

}  // namespace

std::unique_ptr<Guest> LibvirtGuest::start(const std::shared_ptr<LibvirtDriver> &driver, GuestSpec spec,
                                           const std::string &name, SavedState *saved) {
  auto machine = std::make_shared<Machine>();
  machine->driver = driver;
  machine->name = machine_name(name, driver->next_number());
  machine->watch = driver->watch(machine->name);
  machine->make_files(spec, saved);
  machine->watch->console = machine->files.console;
  if (saved == nullptr) {
    spec.kernel_image = driver->root().readable_by_qemu(spec.kernel_image);
    spec.initramfs = driver->root().readable_by_qemu(spec.initramfs);
  }
  machine->files.main_loop_gate = driver->main_loop_gate();
  machine->files.long_pause = driver->emulator_help().long_pause;
  machine->xml = domain_xml(spec, machine->name, machine->files, driver->emulator());
  // Read while QEMU starts: then QEMU has both in memory, and the check delays nothing.
  std::future<bool> sound;
  if (machine->unchecked) sound = std::async(std::launch::async, [saved] { return saved->is_sound(); });
  std::optional<base::Error> problem;
  const unsigned flags = saved != nullptr ? VIR_DOMAIN_START_PAUSED : VIR_DOMAIN_NONE;
  machine->domain.reset(virDomainCreateXML(driver->connection(), machine->xml.c_str(), flags));
  if (!machine->domain) problem = libvirt_error(fmt::format("cannot start guest '{}'", name));
  // For a damaged image QEMU's own message is misleading or absent.
  if (sound.valid() && !sound.get()) throw UnsoundState();
  if (problem) throw *problem;
  machine->qemu_pid = find_qemu(*machine);
  driver->save_capabilities();
  return std::unique_ptr<Guest>(new LibvirtGuest(std::move(machine)));
}

void LibvirtGuest::Machine::make_files(const GuestSpec &spec, SavedState *saved) {
  RunRoot &root = driver->root();
  files.folder = root.make_guest_folder();
  files.console = files.folder / "console";
  files.channel = files.folder / "agent";
  if (driver->embedded()) files.controller_pid = static_cast<int>(::getpid());
  for (std::size_t i = 0; i < spec.devices.size(); ++i) {
    files.disks.push_back(files.folder / fmt::format("disk{}.qcow2", i + 1));
    if (base::is_disk(spec.devices[i])) root.make_disk_image(files.disks.back(), spec.devices[i].bytes);
  }
  if (spec.channel != ChannelKind::memory) return;
  files.memory = files.folder / "memory";
  root.make_file_for_qemu(files.memory, spec.shared_bytes);
  files.state = files.folder / "state.qcow2";
  if (saved != nullptr) make_readable(*saved);
  root.make_state_image(files.state);
  if (saved != nullptr && spec.scheduled) {
    files.schedule = files.folder / "schedule";
    root.make_file_for_qemu(files.schedule, wire::kScheduleBytes);
  }
  if (saved != nullptr && spec.covered) {
    files.coverage = files.folder / "coverage";
    root.make_file_for_qemu(files.coverage, wire::kCoverageBytes);
  }
  if (saved != nullptr && spec.raced) {
    files.races = files.folder / "races";
    root.make_file_for_qemu(files.races, wire::kRaceBytes);
  }
  if (saved == nullptr && has_memory_apart(spec) && driver->emulator_help().memory_apart) {
    files.memory_to = files.folder / "memory-image";
    root.make_file_for_qemu(files.memory_to, 0);
  }
}

bool LibvirtGuest::Machine::lend(const SavedState &saved) {
  if (!driver->embedded()) return false;
  const auto state = driver->root().lend_to_qemu(saved.descriptor(), files.folder / kOwnState);
  if (!state) return false;
  files.saved = *state;
  if (saved.memory_descriptor() < 0) return true;
  const auto memory = driver->root().lend_to_qemu(saved.memory_descriptor(), files.folder / kOwnMemory);
  if (!memory) return false;
  files.saved_memory = *memory;
  return true;
}

void LibvirtGuest::Machine::check_saved_memory() const {
  if (files.memory_to.empty() || fs::file_size(files.memory_to) > 0) return;
  throw base::Error(base::Code::qemu_refused, "the guest's memory was not saved",
                    "KMODTEST_RESTORE=all saves it in QEMU's own way; please report this");
}

void LibvirtGuest::Machine::make_readable(SavedState &saved) {
  unchecked = lend(saved);
  if (unchecked) return;
  std::error_code none;
  fs::remove(files.folder / kOwnState, none);  // a second name that was lent
  const StateFiles own{.state = files.folder / kOwnState, .memory = files.folder / kOwnMemory};
  if (!saved.copy_to(own)) throw UnsoundState();
  files.saved = own.state;
  driver->root().give_to_qemu(own.state);
  if (saved.memory_descriptor() < 0) return;
  files.saved_memory = own.memory;
  driver->root().give_to_qemu(own.memory);
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
  // QEMU listens before the machine counts as started, so this neither blocks nor has to be repeated.
  socket.connect(endpoint, error);
  if (error) {
    throw base::Error(base::Code::guest_gone,
                      fmt::format("cannot open the channel to guest '{}': {}", machine_->name, error.message()),
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
  return last_console_.empty() ? machine_->console() : last_console_;
}

base::Task<> LibvirtGuest::on_pool(std::function<void(Machine &)> call) {
  const std::shared_ptr<Machine> machine = machine_;
  std::function<void()> work = [machine, call = std::move(call)] { call(*machine); };
  base::asio::thread_pool &pool = machine->driver->blocking();
  co_await base::offload<void>(pool, std::move(work));
}

base::Task<> LibvirtGuest::stop() {
  last_console_ = console();  // the file is removed with the machine
  std::function<void(Machine &)> end = [](Machine &machine) { machine.end(); };
  co_await on_pool(std::move(end));
}

base::Task<> LibvirtGuest::pause() {
  std::function<void(Machine &)> call = [](Machine &machine) { Monitor(machine.domain.get()).pause(); };
  co_await on_pool(std::move(call));
}

base::Task<> LibvirtGuest::resume() {
  std::function<void(Machine &)> call = [](Machine &machine) {
    {
      const std::lock_guard lock(machine.watch->mutex);
      machine.watch->restoring = false;
    }
    Monitor(machine.domain.get()).resume();
  };
  co_await on_pool(std::move(call));
}

base::Task<fs::path> LibvirtGuest::serve_debugger() {
  const fs::path socket = machine_->files.folder / "gdb";
  std::function<void(Machine &)> call = [socket](Machine &machine) {
    std::error_code ignored;
    fs::remove(socket, ignored);
    Monitor(machine.domain.get()).serve_debugger(socket);
  };
  co_await on_pool(std::move(call));
  co_return socket;
}

base::Task<> LibvirtGuest::save(std::function<void(const StateFiles &)> keep) {
  last_console_ = console();
  std::function<void(Machine &)> call = [keep = std::move(keep)](Machine &machine) {
    Monitor monitor(machine.domain.get());
    pause_idle(monitor);
    monitor.save();
    // SIGTERM and not SIGKILL: QEMU writes the image's tables when it closes it.
    machine.destroy(SIGTERM);
    machine.check_saved_memory();
    keep({.state = machine.files.state, .memory = machine.files.memory_to});
    machine.end();
  };
  co_await on_pool(std::move(call));
}

base::Task<> LibvirtGuest::restore() {
  std::function<void(Machine &)> call = [](Machine &machine) { machine.restore(); };
  co_await on_pool(std::move(call));
}

base::Task<std::chrono::nanoseconds> LibvirtGuest::cpu_time() {
  auto time = std::make_shared<std::chrono::nanoseconds>();
  std::function<void(Machine &)> call = [time](Machine &machine) {
    virDomainInfo info{};
    if (virDomainGetInfo(machine.domain.get(), &info) != 0) throw libvirt_error("cannot ask for the guest's CPU time");
    *time = std::chrono::nanoseconds(info.cpuTime);
  };
  co_await on_pool(std::move(call));
  co_return *time;
}

base::Task<> LibvirtGuest::inspect(std::function<void(Inspector &)> look) {
  std::function<void(Machine &)> call = [look = std::move(look)](Machine &machine) {
    Monitor monitor(machine.domain.get());
    look(monitor);
  };
  co_await on_pool(std::move(call));
}

base::Task<> LibvirtGuest::dump(fs::path to) {
  std::function<void(Machine &)> call = [to = std::move(to)](Machine &machine) {
    // Opened here and passed on, so that QEMU's user need not be able to open it. libvirt's own call needs a helper
    // that is in another Debian package.
    const base::Descriptor file(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) {
      throw base::Error(base::Code::cannot_write,
                        fmt::format("cannot write '{}': {}", to.string(), std::strerror(errno)),
                        "name a folder that you can write to with --out");
    }
    Monitor monitor(machine.domain.get());
    monitor.pause();
    try {
      monitor.dump(file.get());
    } catch (const base::Error &error) {
      // QEMU does not report why it cannot write.
      constexpr std::uintmax_t kFull = 1u << 20;
      std::error_code ignored;
      const auto room = fs::space(to.parent_path(), ignored);
      if (ignored || room.available >= kFull) throw;
      throw base::Error(base::Code::disk_full, fmt::format("{} (the disk is full)", error.what()),
                        "free some space on the disk of --out");
    }
  };
  co_await on_pool(std::move(call));
}

void LibvirtGuest::Machine::restore() {
  {
    const std::lock_guard lock(watch->mutex);
    watch->callback = nullptr;
  }
  Monitor monitor(domain.get());
  monitor.pause();
  const bool panicked = monitor.panicked();
  {
    const std::lock_guard lock(watch->mutex);
    // libvirt reports a panic a moment later; after the restore, the report would be attributed to the next case.
    if (panicked && watch->state == GuestState::running)
      throw base::Error(base::Code::guest_stopped, "the guest panicked while it was stopped");
    if (is_gone(watch->state)) throw base::Error(base::Code::guest_gone, "the guest's QEMU has ended");
    watch->state = GuestState::running;
    watch->restoring = true;
  }
  monitor.load();
  std::error_code ignored;
  const auto size = fs::file_size(files.console, ignored);
  console_start = ignored ? 0 : size;
  const std::lock_guard lock(watch->mutex);
  watch->console_start = console_start;
}

void LibvirtGuest::Machine::destroy(int signal) noexcept {
  try {
    const std::lock_guard lock(ending);
    if (ended) return;
    ended = true;
    {
      const std::lock_guard state_lock(watch->mutex);
      watch->callback = nullptr;
      if (watch->state == GuestState::running) watch->state = GuestState::stopped;
    }
    // The guest has nothing worth saving: killing it ends it at once, while libvirt first asks politely and then checks
    // ten times a second. The rest of the cleanup follows in virDomainDestroy.
    if (qemu_pid > 0) {
      const HeldSockets held(qemu_pid);  // so that libvirt looks for QEMU only when it is gone
      end_process(qemu_pid, kEndPatience, signal);
    }
    if (domain) virDomainDestroy(domain.get());
    domain.reset();
    driver->unwatch(name);
  } catch (const std::exception &) {
    // We are in a destructor: the next run removes what is left.
  }
}

void LibvirtGuest::Machine::end() noexcept {
  destroy(SIGKILL);
  std::error_code ignored;
  fs::remove_all(files.folder, ignored);
}

}  // namespace kmodtest::vm
