// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmodtest/guest.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <limits>
#include <ostream>
#include <utility>

#include "base/error.hpp"
#include "conversation.hpp"
#include "plan/module_lookup.hpp"
#include "shared/condition.hpp"
#include "shared/kmsg.hpp"
#include "shared/procfs.hpp"
#include "text.hpp"
#include "text/escape.hpp"
#include "text/module_name.hpp"
#include "text/utf8.hpp"

namespace kmodtest {

using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

constexpr microseconds kAction = 10s;  ///< limit for immediate actions, as for a plan's steps
constexpr microseconds kReading = 1s;
constexpr std::size_t kLabel = 60;
constexpr const char *kGone = "the guest is gone: it was finished, or an earlier call failed";

plan::Step step_of(const char *key, const std::string &about, wire::StepBody body, microseconds within,
                   const Guest::Here &here) {
  plan::Step step;
  step.where = library::place_of(here);
  step.source = library::source_line(here);
  step.key = key;
  const std::string label = about.empty() ? std::string(key) : fmt::format("{} {}", key, about);
  step.guest =
      wire::Step{.body = std::move(body), .within = within, .label = text::cut_to(text::printable(label), kLabel)};
  return step;
}

Verdict errored(std::string text) {
  return {.outcome = Outcome::errored, .text = std::move(text), .digest = {}};
}

LogLine line_of(const wire::KernelLogLine &line) {
  return {.time = line.time, .level = line.level, .text = line.text};
}

Thread thread_of(const wire::ThreadRecord &thread) {
  return {.pid = thread.pid,
          .name = thread.full_name.empty() ? thread.name : thread.full_name,
          .state = thread.state,
          .cpu = thread.cpu,
          .allowed_cpus = thread.allowed_cpus,
          .kernel = thread.kernel_thread};
}

/// Returns the last agent message of one type; nullptr if there is none.
template <class Message>
const Message *last(const std::vector<wire::AgentMessage> &messages) {
  const Message *found = nullptr;
  for (const wire::AgentMessage &message : messages) {
    if (const auto *one = std::get_if<Message>(&message)) found = one;
  }
  return found;
}

std::string name_of_module(const std::filesystem::path &module) {
  // A path such as "folder/" has no file name of its own.
  const std::filesystem::path path = module.has_filename() ? module : module.parent_path();
  const std::string file = path.filename().string();
  return text::lsmod_name(plan::module_file_stem(file).value_or(file));
}

}  // namespace

Failure::~Failure() = default;
Error::~Error() = default;

struct Guest::Impl {
  std::unique_ptr<library::Conversation> conversation;
  void (*tell)(const Failure &) = nullptr;
  bool unload_at_end = true;

  [[noreturn]] void fail(const std::string &text, const Here &here) const {
    const Failure failure(text, here);
    if (tell != nullptr) tell(failure);
    throw failure;
  }

  library::Conversation &talk(const Here &here) const {
    if (!conversation) fail("there is no guest: SetUp() of the fixture has not been called", here);
    if (!conversation->alive()) fail(kGone, here);
    return *conversation;
  }

  std::vector<wire::AgentMessage> step(plan::Step step, const Here &here) const {
    auto &with = talk(here);
    library::Conversation::Done done;
    try {
      done = with.step(std::move(step));
    } catch (const base::Error &error) {
      fail(library::text_of(error), here);
    }
    if (done.ended) fail(done.ended->text, here);
    return std::move(done.messages);
  }

  int load(const std::filesystem::path &module, const Params &params, int expected, const Here &here) const {
    auto &with = talk(here);
    wire::Load load;
    load.expected_errno = expected;
    try {
      load.modules.push_back(with.add_module(module, params, here));
    } catch (const base::Error &error) {
      with.finish();
      fail(library::text_of(error), here);
    }
    const std::string name = load.modules.front().name;
    const auto messages = step(step_of("load", name, std::move(load), kAction, here), here);
    return last<wire::Loaded>(messages)->error;
  }

  int unload(const std::filesystem::path &module, int expected, const Here &here) const {
    const std::string name = name_of_module(module);
    wire::Unload unload{.modules = {name}, .expected_errno = expected};
    const auto messages = step(step_of("unload", name, std::move(unload), kAction, here), here);
    return last<wire::Unloaded>(messages)->error;
  }

  int write(const std::string &path, const std::string &content, int expected, const Here &here) const {
    wire::WriteFile write{.path = path, .content = content, .expected_errno = expected};
    const auto messages = step(step_of("write", path, std::move(write), kAction, here), here);
    return last<wire::Written>(messages)->error;
  }
};

Guest::Guest() : impl_(std::make_unique<Impl>()) {}
Guest::Guest(Guest &&) noexcept = default;
Guest &Guest::operator=(Guest &&) noexcept = default;
Guest::~Guest() = default;

Guest::Guest(const GuestSpec &spec, const Checks &checks, const std::string &name) : impl_(std::make_unique<Impl>()) {
  try {
    impl_->conversation = std::make_unique<library::Conversation>(spec, checks, name);
    impl_->unload_at_end = checks.unload;
  } catch (const base::Error &error) {
    throw Error(library::text_of(error));
  }
}

bool Guest::alive() const {
  return impl_ && impl_->conversation && impl_->conversation->alive();
}

void Guest::on_failure(void (*tell)(const Failure &)) {
  impl_->tell = tell;
}

void Guest::load(const std::filesystem::path &module, const Params &params, Here here) {
  impl_->load(module, params, 0, here);
}

int Guest::try_load(const std::filesystem::path &module, const Params &params, Here here) {
  return impl_->load(module, params, wire::kAnyOutcome, here);
}

void Guest::unload(const std::filesystem::path &module, Here here) {
  impl_->unload(module, 0, here);
}

int Guest::try_unload(const std::filesystem::path &module, Here here) {
  return impl_->unload(module, wire::kAnyOutcome, here);
}

CommandResult Guest::exec(const std::string &command, std::chrono::milliseconds within, Here here) {
  wire::RunCommand run;
  run.command = command;
  run.exit_status = {.min = std::numeric_limits<std::int64_t>::min()};
  const auto messages = impl_->step(step_of("run", command, std::move(run), within, here), here);
  const auto *ended = last<wire::CommandEnded>(messages);
  return {.status = ended->exit_status, .out = ended->out, .err = ended->err, .truncated = ended->truncated};
}

std::string Guest::read(const std::string &path, Here here) {
  wire::FileCondition file;
  file.path = path;
  file.is_read = true;
  const auto messages = impl_->step(step_of("file", path, std::move(file), kReading, here), here);
  std::string content = last<wire::FileRead>(messages)->content;
  while (content.ends_with('\n')) content.pop_back();
  return content;
}

void Guest::write(const std::string &path, const std::string &content, Here here) {
  impl_->write(path, content, 0, here);
}

int Guest::try_write(const std::string &path, const std::string &content, Here here) {
  return impl_->write(path, content, wire::kAnyOutcome, here);
}

void Guest::online(int cpu, Here here) {
  const wire::SetCpus cpus{.offline = "", .online = std::to_string(cpu)};
  impl_->step(step_of("cpu", fmt::format("online {}", cpu), cpus, kAction, here), here);
}

void Guest::offline(int cpu, Here here) {
  const wire::SetCpus cpus{.offline = std::to_string(cpu), .online = ""};
  impl_->step(step_of("cpu", fmt::format("offline {}", cpu), cpus, kAction, here), here);
}

void Guest::sleep(microseconds duration, Here here) {
  const std::string about = fmt::format("{:g}s", std::chrono::duration<double>(duration).count());
  impl_->step(step_of("sleep", about, wire::Sleep{duration}, duration + 1s, here), here);
}

LogLine Guest::wait_for_log(const std::string &text, std::chrono::milliseconds within, Here here) {
  wire::LogCondition condition;
  condition.contains = {{wire::Pattern::Kind::literal, text}};
  plan::Step step = step_of("dmesg", text, std::move(condition), within, here);
  step.part_locations = {step.where};
  impl_->step(std::move(step), here);
  const std::vector<LogLine> lines = log();
  const auto found = std::find_if(lines.rbegin(), lines.rend(),
                                  [&](const LogLine &line) { return line.text.find(text) != std::string::npos; });
  return found == lines.rend() ? LogLine{} : *found;
}

Thread Guest::wait_for_thread(const std::string &glob, std::chrono::milliseconds within, Here here) {
  wire::ThreadCondition condition;
  condition.thread = glob;
  const auto messages = impl_->step(step_of("ps", glob, std::move(condition), within, here), here);
  const auto &threads = last<wire::Threads>(messages)->threads;
  return threads.empty() ? Thread{} : thread_of(threads.front());
}

void Guest::wait_for_no_thread(const std::string &glob, std::chrono::milliseconds within, Here here) {
  wire::ThreadCondition condition;
  condition.thread = glob;
  condition.absent = true;
  impl_->step(step_of("ps", glob, std::move(condition), within, here), here);
}

std::vector<LogLine> Guest::log() const {
  std::vector<LogLine> lines;
  if (!impl_->conversation) return lines;
  for (const wire::AgentMessage &message : impl_->conversation->messages()) {
    const auto *part = std::get_if<wire::LogLines>(&message);
    if (part == nullptr) continue;
    for (const wire::KernelLogLine &line : part->lines) {
      if (!shared::is_marker(line)) lines.push_back(line_of(line));
    }
  }
  return lines;
}

std::vector<Thread> Guest::threads(Here here) {
  wire::ThreadCondition condition;
  condition.thread = "*";
  condition.count = wire::Range{.min = 0};
  const auto messages = impl_->step(step_of("ps", "", std::move(condition), 0s, here), here);
  std::vector<Thread> threads;
  for (const wire::ThreadRecord &thread : last<wire::Threads>(messages)->threads) threads.push_back(thread_of(thread));
  return threads;
}

std::vector<Module> Guest::modules(Here here) {
  wire::ModuleCondition condition;  // always holds: a module without a name is never loaded
  condition.absent = true;
  const auto messages = impl_->step(step_of("lsmod", "", std::move(condition), 0s, here), here);
  std::vector<Module> modules;
  for (const wire::ModuleRecord &module : last<wire::Modules>(messages)->modules) {
    modules.push_back({.name = module.name,
                       .size = module.size,
                       .users = module.users,
                       .used_by = module.used_by,
                       .state = module.state});
  }
  return modules;
}

std::string Guest::kernel_release() const {
  return impl_->conversation ? impl_->conversation->kernel_release() : "";
}

Verdict Guest::finish(Here here) {
  if (!impl_->conversation) return errored("there is no guest");
  auto &talk = *impl_->conversation;
  try {
    if (!talk.alive()) return errored(kGone);
    const std::vector<std::string> loaded = impl_->unload_at_end ? talk.loaded() : std::vector<std::string>{};
    for (auto name = loaded.rbegin(); name != loaded.rend(); ++name) {
      const auto done = talk.step(step_of("unload", *name, wire::Unload{.modules = {*name}}, kAction, here));
      if (done.ended) return *done.ended;
    }
    return talk.finish();
  } catch (const base::Error &error) {
    return errored(library::text_of(error));
  }
}

void end_machine() noexcept {
  library::Lab::end();
}

bool fits_glob(const std::string &glob, const std::string &name) {
  return shared::is_named(glob, name);
}

bool same_cpus(const std::string &left, const std::string &right) {
  return shared::same_cpus(left, right);
}

std::ostream &operator<<(std::ostream &to, const LogLine &line) {
  wire::KernelLogLine record;
  record.level = static_cast<std::uint8_t>(line.level);
  record.time = line.time;
  record.text = line.text;
  return to << text::printable(shared::render_dmesg(record));
}

std::ostream &operator<<(std::ostream &to, const Thread &thread) {
  return to << fmt::format("{} '{}' {} on CPU {} (of {})", thread.pid, text::printable(thread.name), thread.state,
                           thread.cpu, thread.allowed_cpus);
}

std::ostream &operator<<(std::ostream &to, const Module &module) {
  return to << fmt::format("{} ({} bytes, {} users)", module.name, module.size, module.users);
}

std::ostream &operator<<(std::ostream &to, const CommandResult &result) {
  return to << fmt::format("status {}, stdout \"{}\", stderr \"{}\"", result.status, result.out, result.err);
}

std::ostream &operator<<(std::ostream &to, const GuestSpec &spec) {
  to << spec.cpus << (spec.cpus == 1 ? " CPU, " : " CPUs, ") << spec.memory_mib << " MiB";
  if (!spec.topology.empty()) to << ", " << spec.topology;
  if (!spec.kernel.empty()) to << ", kernel " << spec.kernel;
  return to;
}

}  // namespace kmodtest
