// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/interactive/shell.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/error.hpp"
#include "run/case/guest_ending.hpp"
#include "run/interactive/debugger.hpp"
#include "run/interactive/guest_gateway.hpp"
#include "vm/console_tail.hpp"

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;

namespace {

constexpr const char *kStartFile = "/tmp/.kmodtest-start";

/// Returns the shell's first commands: the modules get short paths, and the modules of the kernel that the plan names
/// are loaded.
std::string start_script(const Prepared &prepared) {
  std::string script = "ln -sf /tmp/modules/*.ko /modules/\n";
  for (const wire::ModuleToLoad &module : prepared.program.prerequisites)
    script += fmt::format("insmod {}\n", module.path);
  return script + "cd /modules\n";
}

std::vector<std::string> module_paths(const Prepared &prepared) {
  std::vector<std::string> paths;
  for (const std::string &name : prepared.program.modules) paths.push_back(fmt::format("/modules/{}.ko", name));
  return paths;
}

/// Changes the spec of the case so that the guest can be kept and resumed.
void fit_for_a_session(vm::GuestSpec &spec) {
  spec.channel = vm::ChannelKind::memory;
}

}  // namespace

Shell::Shell(GuestPool &pool, ShellOptions options, ShellUser &user)
    : pool_(pool),
      io_(pool.io()),
      options_(std::move(options)),
      user_(user),
      cancellation_(pool.cancellation()),
      input_came_(io_) {}

void Shell::add(Input input) {
  input_.push_back(std::move(input));
  input_came_.set();
}

void Shell::type(std::string data) {
  add({.data = std::move(data)});
}

void Shell::resize(std::uint16_t rows, std::uint16_t columns) {
  if (rows != 0 && columns != 0) add({.rows = rows, .columns = columns});
}

void Shell::end() {
  cancellation_.cancel();
  if (session_) session_->close();
}

Task<> Shell::push(const Prepared &prepared) {
  for (const PushedFile &file : prepared.files) {
    std::string path = file.path;
    co_await session_->push(std::move(path), *file.content, options_.limits.push);
  }
  std::string start = kStartFile;
  const std::string script = start_script(prepared);
  co_await session_->push(std::move(start), script, options_.limits.push);
}

Task<ShellEnd> Shell::run(std::shared_ptr<const plan::Case> test_case) {
  const GuestPool::Listening listening(pool_, [this](const std::string &text) { user_.say(text); });
  Preparer preparer(options_.kernel, pool_.options().cache, pool_);
  preparer.check_kernels({test_case});
  std::function<Prepared()> prepare = [&preparer, test_case] { return preparer.prepare(*test_case); };
  Prepared prepared = co_await base::offload<Prepared>(threads_, std::move(prepare));
  for (const auto &finding : prepared.preflight) user_.say(finding.message);
  fit_for_a_session(prepared.spec);
  co_await pool_.choose_machine(*test_case, prepared.kernel, prepared.spec, vm::Clock::real);
  GuestSlot &slot = pool_.acquire(prepared.spec);
  ShellEnd end;
  Task<> session = serve_in(slot, prepared, end);
  Task<> cleanup = leave(slot);
  co_await base::finally(std::move(session), std::move(cleanup));
  co_return end;
}

Task<> Shell::leave(GuestSlot &slot) {
  session_.reset();
  if (slot.guest() != nullptr) slot.guest()->on_state_change({});
  co_await pool_.release(&slot);
}

Task<vm::Guest *> Shell::bring_up(GuestSlot &slot, const Prepared &prepared) {
  outcome::Timings timings;
  vm::GuestSpec spec = prepared.spec;
  std::string name = "shell", description = describe(prepared);
  Progress told = [this](Phase phase, const std::string &what) {
    if (phase == Phase::booting) user_.say(what);
  };
  Pristine pristine = co_await slot.pristine(std::move(spec), std::move(name), std::move(description),
                                             options_.limits.boot_of(prepared.spec.cpus, prepared.kernel_checks_itself),
                                             std::move(told), timings);
  if (pristine.failure) {
    throw base::Error(base::Code::guest_not_ready,
                      fmt::format("the guest did not come up: {}", pristine.failure->ending.detail),
                      "kmodtest run shows its console");
  }
  co_return pristine.guest;
}

Task<> Shell::serve_in(GuestSlot &slot, const Prepared &prepared, ShellEnd &end) {
  std::optional<Debugger> debugger;
  if (options_.debugger) {
    debugger.emplace(Debugger::Mode::wait, pool_.options().cache, pool_);
    std::string survey = "survey";
    co_await debugger->survey(slot, prepared, std::move(survey),
                              options_.limits.boot_of(prepared.spec.cpus, prepared.kernel_checks_itself));
  }
  vm::Guest &guest = *co_await bring_up(slot, prepared);
  session_ = std::make_unique<agent::Session>(
      agent::make_memory_transport(io_.get_executor(), guest.shared_memory(), agent::SharedState::restored));
  base::Alarm grace(io_);
  // A panic ends the guest, but the end of its log can still be on its way.
  guest.on_state_change([&](vm::GuestState state) {
    end.panicked = state == vm::GuestState::crashed;
    end.death = guest_ending(state).detail;
    grace.set(options_.limits.after_report, [this] { session_->close(); });
  });
  co_await push(prepared);
  const wire::OpenTerminal wanted = user_.begin(describe(prepared), module_paths(prepared));
  std::function<Task<>()> go = [&] { return debugger ? debugger->begin(guest) : guest.resume(); };
  co_await serve(end, wanted, std::move(go));
  grace.cancel();
  guest.on_state_change({});
  end.console = guest.console();
  // Without a driver of the panic device, a guest that panics just ends.
  end.panicked = end.panicked || (!end.death.empty() && vm::shows_panic(end.console));
}

Task<ShellEnd> Shell::attach(std::filesystem::path gateway) {
  base::UnixSocket socket(io_);
  boost::system::error_code error;
  const asio::local::stream_protocol::endpoint endpoint(gateway.string());
  socket.connect(endpoint, error);
  if (error) {
    throw base::UsageError(base::Code::no_kept_guest,
                           fmt::format("no run keeps a guest behind {}: {}", gateway.string(), error.message()),
                           "the run that keeps it shows its name; it no longer exists when that run has ended");
  }
  session_ = std::make_unique<agent::Session>(std::move(socket), kFirstClientId);
  ShellEnd end;
  const wire::OpenTerminal wanted = user_.begin("the guest of a failed case", {});
  co_await serve(end, wanted, {});
  if (!end.exit_status && !cancellation_.cancelled())
    end.death = "the run has released the guest, or another client is in it";
  session_.reset();
  co_return end;
}

Task<> Shell::serve(ShellEnd &end, const wire::OpenTerminal &wanted, std::function<Task<>()> go) {
  serving_ = true;
  base::Event pump_ended(io_);
  asio::co_spawn(io_, pump(), [&](const std::exception_ptr &) { pump_ended.set(); });
  wire::OpenTerminal terminal = wanted;
  terminal.command = fmt::format("test -r {0} && . {0}; {1}", kStartFile, wanted.command);
  std::function<void(const wire::AgentMessage &)> on_message = [this](const wire::AgentMessage &message) {
    if (const auto *output = std::get_if<wire::TerminalOutput>(&message)) user_.on(*output);
    if (const auto *lines = std::get_if<wire::LogLines>(&message)) user_.on(*lines);
  };
  std::exception_ptr problem;
  try {
    const wire::TerminalEnded ended =
        co_await session_->terminal(std::move(terminal), std::move(on_message), std::move(go));
    end.exit_status = ended.exit_status;
  } catch (const agent::SessionError &error) {
    if (!cancellation_.cancelled() && end.death.empty()) end.death = error.what();
  } catch (...) {
    problem = std::current_exception();
  }
  serving_ = false;
  input_came_.set();
  co_await pump_ended.wait();
  if (problem) std::rethrow_exception(problem);
}

Task<> Shell::pump() {
  while (serving_) {
    if (input_.empty()) {
      co_await input_came_.wait();
      input_came_.reset();
      continue;
    }
    Input next = std::move(input_.front());
    input_.pop_front();
    if (next.rows != 0) {
      co_await session_->resize(next.rows, next.columns);
    } else {
      co_await session_->type(std::move(next.data));
    }
  }
}

}  // namespace kmodtest::run
