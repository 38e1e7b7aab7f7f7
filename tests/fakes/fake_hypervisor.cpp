// SPDX-License-Identifier: GPL-2.0-or-later
#include "fakes/fake_hypervisor.hpp"

#include <exception>
#include <utility>

#include <boost/asio/local/connect_pair.hpp>

#include "base/error.hpp"

namespace kmodtest::fakes {
namespace asio = base::asio;
namespace {

/// A guest that is up and says nothing: holds its end open until the other one closes.
base::Task<> say_nothing(base::UnixSocket socket) {
  char byte = 0;
  boost::system::error_code error;
  auto buffer = asio::buffer(&byte, 1);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!error) co_await socket.async_read_some(buffer, token);
}

}  // namespace

void FakeMachine::change_state(vm::GuestState to) {
  state_ = to;
  const auto callback = callback_;  // it may replace itself
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
    // A channel that the controller closed ends the agent with a system_error; anything else is the test's own fault.
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error &) {
    }
  });
  co_return ours;
}

base::Task<> FakeGuest::stop() {
  machine_->stopped = true;
  machine_->callback_ = nullptr;
  if (machine_->state_ == vm::GuestState::running) machine_->state_ = vm::GuestState::stopped;
  co_return;
}

base::Task<std::unique_ptr<vm::Guest>> FakeHypervisor::start(vm::GuestSpec spec, std::string name) {
  if (!refusal_.empty()) throw base::Error(refusal_);
  auto machine = std::make_shared<FakeMachine>();
  machine->spec = std::move(spec);
  machine->name = std::move(name);
  machines_.push_back(machine);
  if (on_start_) on_start_(*machine);
  co_return std::make_unique<FakeGuest>(machine, agent_);
}

int FakeHypervisor::running() const {
  int count = 0;
  for (const auto &machine : machines_) count += !machine->stopped && !machine->destroyed ? 1 : 0;
  return count;
}

}  // namespace kmodtest::fakes
