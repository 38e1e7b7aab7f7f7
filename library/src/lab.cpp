// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab.hpp"

#include <csignal>
#include <cstdlib>
#include <fmt/core.h>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "kernel/kernel.hpp"
#include "outcome/folder_name.hpp"
#include "report/listeners.hpp"
#include "storage/cache_folder.hpp"
#include "storage/free_name.hpp"

namespace kmodtest::library {

namespace asio = base::asio;
using base::Task;

namespace {

std::mutex the_mutex;
std::shared_ptr<Lab> the_lab;

/// Returns whether no other code in this process handles the signal.
bool is_ours(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
         action.sa_handler == SIG_DFL;
}

}  // namespace

void say(const std::string &text) {
  fmt::print(stderr, "kmodtest: {}\n", text);
}

std::shared_ptr<Lab> Lab::get() {
  const std::lock_guard lock(the_mutex);
  if (!the_lab) {
    // The lab has to end before libvirt's own destructors run at exit.
    static const int kAtExit = std::atexit([] { Lab::end(); });
    (void)kAtExit;
    the_lab.reset(new Lab);
  }
  return the_lab;
}

void Lab::end() noexcept {
  const std::lock_guard lock(the_mutex);
  the_lab.reset();
}

Lab::Lab() : cache_(storage::cache_folder()), work_(asio::make_work_guard(io_)), signals_(io_) {
  vm::HypervisorOptions options;
  options.cache = cache_;
  hypervisor_ = vm::open_hypervisor(io_, options);
  store_.emplace(cache_ / "snapshots", vm::snapshot_limit(), say);
  slot_.emplace(*hypervisor_, run::Snapshots{&*store_, &threads_, say}, cancellation_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (is_ours(number)) signals_.add(number);
  }
  wait_for_signal();
  thread_ = std::thread([this] { serve(); });
}

Lab::~Lab() {
  std::promise<void> cleared;
  asio::post(io_, [this, &cleared] {
    boost::system::error_code ignored;
    signals_.cancel(ignored);
    cancellation_.cancel();
    asio::co_spawn(io_, slot_->clear(), [&cleared](const std::exception_ptr &) { cleared.set_value(); });
  });
  cleared.get_future().wait();
  asio::post(io_, [this] { ended_ = true; });
  thread_.join();
  slot_.reset();
  threads_.join();
  hypervisor_.reset();
}

void Lab::serve() {
  base::run_until(io_, [this] { return ended_; });
}

void Lab::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    // After the first signal nothing waits for a second one.
    boost::system::error_code ignored;
    signals_.clear(ignored);
    asio::co_spawn(io_, end_by_signal(number), asio::detached);
  });
}

Task<> Lab::end_by_signal(int number) {
  cancellation_.cancel();
  try {
    co_await slot_->clear();
  } catch (const base::Error &) {
    // The guest ends with this process at the latest.
  }
  hypervisor_.reset();
  std::signal(number, SIG_DFL);
  ::raise(number);
}

run::Preparer &Lab::preparer(const std::filesystem::path &modules_dir, const std::filesystem::path &headers) {
  const std::lock_guard lock(preparers_mutex_);
  auto &preparer = preparers_[{modules_dir, headers}];
  if (!preparer) {
    run::KernelChoice choice;
    choice.modules_dir = modules_dir;
    choice.headers = headers;
    preparer = std::make_unique<run::Preparer>(choice, cache_, say);
  }
  return *preparer;
}

std::filesystem::path Lab::keep(outcome::CaseFinished finished) {
  if (!artifacts_) {
    failures_ = report::next_failure_folder(cache_ / "failed");
    artifacts_ = report::make_failure_artifacts(failures_, KMODTEST_VERSION);
  }
  const std::string name =
      storage::free_name(outcome::folder_name(*finished.test_case),
                         [this](const std::string &each) { return kept_names_.insert(each).second; });
  finished.artifacts = failures_ / name;
  artifacts_->on(finished);
  std::error_code error;
  return std::filesystem::exists(failures_ / name, error) ? failures_ / name : std::filesystem::path();
}

Task<> Lab::choose_clock(const plan::Case &test_case, vm::GuestSpec &spec) {
  spec.accelerator = vm::Accelerator::tcg;
  spec.clock = vm::Clock::virtual_;
  if (test_case.time == "virtual") co_return;
  if (!accelerator_) {
    vm::GuestSpec probed = spec;
    probed.channel = vm::ChannelKind::virtio;
    probed.clock = vm::Clock::real;
    std::filesystem::path cache = cache_;
    std::function<void(const std::string &)> tell = say;
    accelerator_ = co_await vm::choose_accelerator(*hypervisor_, std::move(probed), std::move(cache), std::move(tell));
  }
  spec.accelerator = *accelerator_;
  if (test_case.time == "real" || spec.accelerator == vm::Accelerator::kvm) spec.clock = vm::Clock::real;
}

Task<outcome::CaseFinished> Lab::run(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared,
                                     run::CaseRunner::Ask ask) {
  co_await choose_clock(*test_case, prepared.spec);
  const run::Limits limits;
  run::CaseRunner runner(*hypervisor_, limits, cancellation_, *slot_);
  runner.go_on_by(std::move(ask));
  std::string name = fmt::format("test-{}", ++guests_);
  run::CaseRunner::Progress progress = [](const std::string &what) {
    if (what.starts_with("booting") || what.starts_with("waiting")) say(what);
  };
  co_return co_await runner.run(std::move(test_case), std::move(prepared), std::move(name), std::move(progress));
}

void Lab::start(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared, run::CaseRunner::Ask ask,
                std::function<void(std::exception_ptr, outcome::CaseFinished)> finished) {
  asio::co_spawn(io_, run(std::move(test_case), std::move(prepared), std::move(ask)), std::move(finished));
}

}  // namespace kmodtest::library
