// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/stuck_watch.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.hpp"
#include "observe/reports/reports.hpp"

namespace kmodtest::run {

namespace asio = base::asio;
using base::Task;
using Clock = std::chrono::steady_clock;

namespace {

// Often at first, then less and less often: a guest that only computes for long should not be disturbed.
constexpr std::chrono::milliseconds kInterval{200};
constexpr std::chrono::milliseconds kLongestInterval{2'000};
constexpr int kFirstLooks = 10;
// While a CPU has its interrupts off: many glances are needed, and little can be disturbed.
constexpr std::chrono::milliseconds kCloseInterval{50};
constexpr int kCloseLooks = 100;
constexpr std::uint64_t kCodePage = 4096;
constexpr std::uint64_t kWindow = 64;  // bytes of code before and after a CPU's place

/// The observations; empty if nothing could be read.
struct Glance {
  std::vector<CpuGlance> cpus;
  std::uint32_t timer = 0;
  bool suspended = false;
};

bool loops(vm::Inspector &guest, const vm::CpuRegisters &cpu) {
  if (!cpu.in_kernel() || cpu.halted) return false;
  try {
    // Within the page: the next one need not be mapped, and code often begins with its page.
    const std::uint64_t page = cpu.rip / kCodePage * kCodePage;
    const std::uint64_t begin = std::max(page, cpu.rip - kWindow);
    const std::uint64_t end = std::min(page + kCodePage, cpu.rip + kWindow);
    return loops_for_ever(guest.memory(begin, end - begin), cpu.rip - begin);
  } catch (const base::Error &) {
    return false;  // nothing is mapped there
  }
}

/// Returns whether the kernel has suspended the machine. Source: kernel, kernel/power/suspend.c.
bool is_suspended(vm::Inspector &guest, kernel::LazyKernelImage *kernel) {
  if (kernel == nullptr) return false;
  try {
    const auto address = kernel->get().symbols().address_of("pm_suspend_target_state");
    if (!address) return false;
    const std::string state = guest.memory(*address, sizeof(int));
    return std::any_of(state.begin(), state.end(), [](char byte) { return byte != 0; });
  } catch (const base::Error &) {
    return false;
  }
}

Glance glance_at(vm::Inspector &guest, kernel::LazyKernelImage *kernel) {
  Glance glance;
  glance.timer = guest.timer();
  for (const vm::CpuRegisters &cpu : guest.registers()) {
    glance.cpus.push_back({.cpu = cpu.cpu,
                           .rip = cpu.rip,
                           .in_kernel = cpu.in_kernel(),
                           .halted = cpu.halted,
                           .takes_interrupts = cpu.takes_interrupts(),
                           .loops = loops(guest, cpu),
                           .registers = cpu.text});
  }
  glance.suspended = all_halted(glance.cpus) && is_suspended(guest, kernel);
  return glance;
}

/// Returns whether the kernel reported a stall that the agent could not pass on. On 5.10 nothing marks the end of such
/// a report: it is complete when the next one has begun.
bool reports_stall(const std::string &console) {
  const auto reports = observe::find_reports(observe::parse_console(console), {});
  return std::any_of(reports.begin(), reports.end(), [&](const observe::KernelReport &report) {
    return report.report_class == observe::ReportClass::stall &&
           (&report != &reports.back() || observe::is_complete(report));
  });
}

}  // namespace

StuckWatch::StuckWatch(vm::Guest &guest, std::shared_ptr<kernel::LazyKernelImage> kernel,
                       const asio::any_io_executor &executor, GiveUp give_up)
    : guest_(guest), kernel_(std::move(kernel)), timer_(executor), ended_(executor), give_up_(std::move(give_up)) {
  ended_.set();
}

void StuckWatch::start() {
  ended_.reset();
  const auto self = shared_from_this();
  asio::co_spawn(timer_.get_executor(), watch(), [self](const std::exception_ptr &) {
    // If the guest cannot be examined, the reader of its messages finds out why.
    self->ended_.set();
  });
}

void StuckWatch::heard(std::optional<std::chrono::microseconds> allowed) {
  ++messages_;
  allowed_ = allowed;
  silence_.reset();
  signs_.reset();
}

void StuckWatch::rest() {
  stop_ = true;
  timer_.cancel();
}

Task<> StuckWatch::join() {
  rest();
  co_await ended_.wait();
}

Task<> StuckWatch::watch() {
  std::chrono::milliseconds interval = kInterval;
  while (!stop_) {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    const bool often = !signs_ || looks_ < kFirstLooks;
    interval = often ? kInterval : std::min(interval * 3 / 2, kLongestInterval);
    const bool close = signs_ && signs_->in_doubt() && looks_ < kCloseLooks;
    timer_.expires_after(close ? kCloseInterval : interval);
    co_await timer_.async_wait(token);
    if (stop_) break;
    const int messages_before = messages_;
    if (!signs_) {
      const bool long_silent = co_await silent();
      if (!long_silent || stop_ || messages_ != messages_before) continue;
    }
    const std::optional<std::string> why = co_await look();
    if (!why || stop_ || messages_ != messages_before) continue;
    give_up_(*why);
    co_return;
  }
}

/// Asks only the host, so that a guest that merely computes is not disturbed.
Task<bool> StuckWatch::silent() {
  const std::chrono::nanoseconds cpu_time = co_await guest_.cpu_time();
  if (!silence_) silence_.emplace();
  co_return silence_->add(Clock::now().time_since_epoch(), cpu_time);
}

Task<std::optional<std::string>> StuckWatch::look() {
  if (!signs_) {
    signs_.emplace(allowed_);
    looks_ = 0;
  }
  ++looks_;
  if (reports_stall(guest_.console())) co_return "the kernel reported a stall";
  auto glance = std::make_shared<Glance>();
  std::function<void(vm::Inspector &)> look_at = [glance, kernel = kernel_](vm::Inspector &guest) {
    *glance = glance_at(guest, kernel.get());
  };
  co_await guest_.inspect(std::move(look_at));
  if (!signs_) co_return std::nullopt;  // a message arrived meanwhile
  co_return signs_->add(glance->cpus, glance->timer, glance->suspended);
}

}  // namespace kmodtest::run
