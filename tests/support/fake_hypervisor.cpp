// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/fake_hypervisor.hpp"

#include <array>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/local/connect_pair.hpp>

#include "base/error.hpp"
#include "wire/frame.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::support {
namespace asio = base::asio;
namespace {

/// Plays a guest that is up but silent: holds its end open until the other one closes.
base::Task<> say_nothing(base::UnixSocket socket) {
  char byte = 0;
  boost::system::error_code error;
  auto buffer = asio::buffer(&byte, 1);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!error) co_await socket.async_read_some(buffer, token);
}

std::filesystem::path make_folder() {
  std::string name = "/tmp/kmt-fake-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder in /tmp");
  return name;
}

}  // namespace

base::Task<> say_ready(base::UnixSocket socket) {
  wire::Info info;
  info.agent.protocol = wire::kProtocolVersion;
  const std::string bytes = wire::encode(wire::AgentMessage{info}, 0);
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto buffer = asio::buffer(bytes);
  co_await asio::async_write(socket, buffer, token);
  char byte = 0;
  const auto one = asio::buffer(&byte, 1);
  while (!error) co_await socket.async_read_some(one, token);
}

class FakeMemory : public std::enable_shared_from_this<FakeMemory> {
 public:
  FakeMemory() : folder_(make_folder()) {
    const int descriptor = ::open(file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (::ftruncate(descriptor, wire::kSharedMemoryBytes) != 0) std::abort();
    memory_ = ::mmap(nullptr, wire::kSharedMemoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (memory_ == MAP_FAILED) std::abort();
  }
  ~FakeMemory() {
    ::munmap(memory_, wire::kSharedMemoryBytes);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  FakeMemory(const FakeMemory &) = delete;
  FakeMemory &operator=(const FakeMemory &) = delete;

  std::filesystem::path file() const { return folder_ / "memory"; }
  std::filesystem::path state() const { return folder_ / "state"; }

  /// Carries bytes both ways until halt().
  void run(const asio::any_io_executor &executor, const FakeAgent &agent) {
    running_ = true;
    const int life = ++life_;
    base::UnixSocket ours(executor);
    base::UnixSocket theirs(executor);
    asio::local::connect_pair(ours, theirs);
    const auto forget = [](std::exception_ptr) {};
    asio::co_spawn(executor, agent ? agent(std::move(theirs)) : say_nothing(std::move(theirs)), forget);
    asio::co_spawn(executor, carry(shared_from_this(), std::move(ours), life), forget);
  }
  void halt() { running_ = false; }

 private:
  static base::Task<> carry(std::shared_ptr<FakeMemory> self, base::UnixSocket socket, int life) {
    wire::SharedMemory memory(self->memory_);
    asio::steady_timer timer(socket.get_executor());
    std::array<char, 4096> chunk{};
    std::size_t taken = 0;
    socket.non_blocking(true);
    while (self->running_ && self->life_ == life) {
      const std::string fresh(memory.requests().substr(taken));
      taken += fresh.size();
      boost::system::error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      const auto buffer = asio::buffer(fresh);
      if (!fresh.empty()) co_await asio::async_write(socket, buffer, token);
      const std::size_t got = socket.read_some(asio::buffer(chunk), error);
      if (got > 0) memory.add_reports({chunk.data(), got});
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(token);
    }
  }

  std::filesystem::path folder_;
  void *memory_ = MAP_FAILED;
  bool running_ = false;
  int life_ = 0;
};

void FakeMachine::change_state(vm::GuestState to) {
  state_ = to;
  const auto callback = callback_;  // it can replace itself
  if (callback) callback(to);
}

base::Task<base::UnixSocket> FakeGuest::open_channel() {
  auto executor = co_await asio::this_coro::executor;
  base::UnixSocket ours(executor);
  base::UnixSocket theirs(executor);
  asio::local::connect_pair(ours, theirs);
  ++machine_->channels_opened;
  base::Task<> agent = agent_ ? agent_(std::move(theirs)) : say_nothing(std::move(theirs));
  asio::co_spawn(executor, std::move(agent), [](std::exception_ptr failure) {
    // If the controller closes the channel, the agent ends with a system_error; any other exception is an error in the
    // test.
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error &) {
    }
  });
  co_return ours;
}

FakeGuest::FakeGuest(std::shared_ptr<FakeMachine> machine, FakeAgent agent)
    : machine_(std::move(machine)), agent_(std::move(agent)) {
  if (machine_->spec.channel == vm::ChannelKind::memory) memory_ = std::make_shared<FakeMemory>();
}

FakeGuest::~FakeGuest() {
  if (memory_) memory_->halt();
  machine_->destroyed = true;
}

std::filesystem::path FakeGuest::shared_memory() const {
  return memory_->file();
}

base::Task<> FakeGuest::pause() {
  if (memory_) memory_->halt();
  co_return;
}

base::Task<> FakeGuest::resume() {
  if (!memory_) co_return;  // over a socket the agent has never stopped
  auto executor = co_await asio::this_coro::executor;
  memory_->run(executor, agent_);
}

base::Task<> FakeGuest::save(std::function<void(const vm::StateFiles &)> keep) {
  memory_->halt();
  std::ofstream(memory_->state()) << "state";
  keep({.state = memory_->state(), .memory = {}});
  machine_->stopped = true;
  co_return;
}

base::Task<> FakeGuest::inspect(std::function<void(vm::Inspector &)> look) {
  class Nothing : public vm::Inspector {
   public:
    std::vector<vm::CpuRegisters> registers() override { return {}; }
    std::string memory(std::uint64_t, std::size_t) override {
      throw base::Error(base::Code::defect, "there is no memory");
    }
    std::uint32_t timer() override { return 0; }
    std::vector<vm::MemoryWord> changed_pointers(const std::vector<vm::MemoryRange> &) override { return {}; }
    std::vector<std::string> pieces(const std::vector<vm::MemoryRange> &wanted) override {
      return std::vector<std::string>(wanted.size());
    }
  } nothing;
  look(nothing);
  co_return;
}

base::Task<> FakeGuest::dump(std::filesystem::path to) {
  std::ofstream(to) << "dump of " << machine_->name;
  if (!machine_->dump_refusal_.empty()) throw base::Error(base::Code::defect, machine_->dump_refusal_);
  co_return;
}

base::Task<> FakeGuest::restore() {
  if (!machine_->restore_refusal_.empty()) throw base::Error(base::Code::defect, machine_->restore_refusal_);
  memory_->halt();
  machine_->callback_ = nullptr;
  machine_->state_ = vm::GuestState::running;
  ++machine_->restored;
  co_return;
}

base::Task<> FakeGuest::stop() {
  if (memory_) memory_->halt();
  machine_->stopped = true;
  machine_->callback_ = nullptr;
  if (machine_->state_ == vm::GuestState::running) machine_->state_ = vm::GuestState::stopped;
  co_return;
}

base::Task<std::unique_ptr<vm::Guest>> FakeHypervisor::start(vm::GuestSpec spec, std::string name) {
  if (!refusal_.empty()) throw base::Error(base::Code::defect, refusal_);
  auto machine = std::make_shared<FakeMachine>();
  machine->spec = std::move(spec);
  machine->name = std::move(name);
  machines_.push_back(machine);
  if (on_start_) on_start_(*machine);
  auto guest = std::make_unique<FakeGuest>(machine, agent_);
  if (machine->spec.channel == vm::ChannelKind::memory) co_await guest->resume();
  co_return guest;
}

base::Task<std::unique_ptr<vm::Guest>> FakeHypervisor::start_saved(vm::GuestSpec spec, std::string name,
                                                                   std::shared_ptr<vm::SavedState> state) {
  if (!refusal_.empty()) throw base::Error(base::Code::defect, refusal_);
  if (!state->is_sound()) throw vm::UnsoundState();
  auto machine = std::make_shared<FakeMachine>();
  machine->spec = std::move(spec);
  machine->name = std::move(name);
  machine->saved = true;
  machines_.push_back(machine);
  if (on_start_) on_start_(*machine);
  co_return std::make_unique<FakeGuest>(machine, agent_);
}

int FakeHypervisor::running() const {
  int count = 0;
  for (const auto &machine : machines_) count += !machine->stopped && !machine->destroyed ? 1 : 0;
  return count;
}

}  // namespace kmodtest::support
