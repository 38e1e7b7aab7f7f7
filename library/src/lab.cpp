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

void PrintedNotices::say(const std::string &text) {
  fmt::print(stderr, "kmodtest: {}\n", text);
}

std::shared_ptr<Lab> Lab::get() {
  const std::lock_guard lock(the_mutex);
  if (!the_lab) {
    // The lab has to end before libvirt's own destructors run at exit.
    static const int at_exit = std::atexit([] { Lab::end(); });
    (void)at_exit;
    the_lab.reset(new Lab);
  }
  return the_lab;
}

void Lab::end() noexcept {
  const std::lock_guard lock(the_mutex);
  the_lab.reset();
}

Lab::Lab()
    : cache_(storage::cache_folder()),
      pool_({.cache = cache_, .keep = true},
            [this](asio::io_context &io) { return vm::open_hypervisor(io, {.cache = cache_}); }),
      signals_(pool_.io()) {
  pool_.hypervisor();
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (is_ours(number)) signals_.add(number);
  }
  wait_for_signal();
  thread_ = std::thread([this] { serve(); });
}

Lab::~Lab() {
  std::promise<void> cleared;
  asio::post(io(), [this, &cleared] {
    boost::system::error_code ignored;
    signals_.cancel(ignored);
    cancellation().cancel();
    asio::co_spawn(io(), pool_.clear(), [&cleared](const std::exception_ptr &) { cleared.set_value(); });
  });
  cleared.get_future().wait();
  asio::post(io(), [this] { ended_ = true; });
  thread_.join();
}

void Lab::serve() {
  base::run_until(io(), [this] { return ended_; });
}

void Lab::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    // After the first signal nothing waits for a second one.
    boost::system::error_code ignored;
    signals_.clear(ignored);
    asio::co_spawn(io(), end_by_signal(number), asio::detached);
  });
}

Task<> Lab::end_by_signal(int number) {
  cancellation().cancel();
  try {
    co_await pool_.clear();
  } catch (const base::Error &) {
    // The guest ends with this process at the latest.
  }
  pool_.close();
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
    preparer = std::make_unique<run::Preparer>(choice, cache_, notices_);
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

Task<outcome::CaseFinished> Lab::run(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared,
                                     run::Ask ask) {
  co_await pool_.choose_machine(*test_case, prepared.kernel, prepared.spec);
  run::GuestSlot &slot = pool_.acquire(prepared.spec);
  run::CaseRunner runner(slot, cancellation(), run::Limits{});
  runner.go_on_by(std::move(ask));
  std::string name = fmt::format("test-{}", pool_.next_guest());
  run::Progress progress = [this](run::Phase phase, const std::string &what) {
    if (phase == run::Phase::booting || phase == run::Phase::waiting) notices_.say(what);
  };
  Task<outcome::CaseFinished> conversation =
      runner.run(std::move(test_case), std::move(prepared), std::move(name), std::move(progress));
  Task<> cleanup = pool_.release(&slot);
  co_return co_await base::finally(std::move(conversation), std::move(cleanup));
}

void Lab::start(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared, run::Ask ask,
                std::function<void(std::exception_ptr, outcome::CaseFinished)> finished) {
  asio::co_spawn(io(), run(std::move(test_case), std::move(prepared), std::move(ask)), std::move(finished));
}

}  // namespace kmodtest::library
