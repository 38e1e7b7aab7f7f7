// SPDX-License-Identifier: GPL-2.0-or-later
#include "conversation.hpp"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "judge/observations.hpp"
#include "plan/guest_axes.hpp"
#include "plan/module_lookup.hpp"
#include "plan/steps/step_input.hpp"
#include "text.hpp"
#include "text/module_name.hpp"

namespace kmodtest::library {

namespace asio = base::asio;
namespace fs = std::filesystem;
using base::Task;

namespace {

std::atomic<bool> one_lives{false};

plan::GuestShape shape_of(const GuestSpec &spec) {
  plan::GuestShape shape;
  shape.cpus = spec.cpus;
  shape.memory_mib = spec.memory_mib;
  shape.append = spec.append;
  for (const NumaNode &node : spec.numa) shape.numa.push_back({node.cpus, node.memory_mib});
  if (spec.topology.empty()) return shape;
  const auto layout = plan::parse_topology(spec.topology);
  if (!layout.value) throw base::UsageError(layout.code, layout.error, "give GuestSpec::topology one such as 2x4x1");
  if (layout.value->cpus != spec.cpus) {
    throw base::UsageError(
        base::Code::bad_topology,
        fmt::format("the topology {} has {} CPUs, but the guest {}", spec.topology, layout.value->cpus, spec.cpus),
        "give GuestSpec::cpus the product of sockets, cores and threads");
  }
  shape.sockets = layout.value->sockets;
  shape.cores = layout.value->cores;
  shape.threads = layout.value->threads;
  return shape;
}

std::shared_ptr<plan::Case> case_of(const GuestSpec &spec, const Checks &checks, const std::string &name) {
  auto made = std::make_shared<plan::Case>();
  made->plan_name = made->id = name;
  made->of_a_program = true;
  made->guest = shape_of(spec);
  made->kernel = spec.kernel;
  made->checks.reports = checks.reports;
  made->checks.taint = checks.taint;
  made->checks.leftovers = checks.leftovers;
  made->checks.allow_threads = checks.allow_threads;
  made->checks.allow_entries = checks.allow_entries;
  made->checks.allow = checks.allow;
  made->timeout = spec.timeout;
  if (spec.time == Time::virtual_time) made->time = plan::Time::virtual_time;
  if (spec.time == Time::real_time) made->time = plan::Time::real_time;
  made->seed = spec.seed;
  return made;
}

/// Returns the paths at which a module is searched for, best first.
std::vector<fs::path> candidates(const fs::path &module, const std::source_location &where) {
  if (module.is_absolute()) return {module};
  std::error_code ignored;
  std::vector<fs::path> all = {fs::absolute(fs::path(where.file_name()).parent_path(), ignored) / module,
                               fs::current_path(ignored) / module};
  std::string rest = base::variable("KMODTEST_MODULES");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) all.push_back(fs::absolute(rest.substr(0, end), ignored) / module);
    rest.erase(0, std::min(end + 1, rest.size()));
  }
  return all;
}

}  // namespace

/// A request of the test's thread and the answer of the lab's thread. Everything except for the answer belongs to the
/// lab's thread.
struct Conversation::Asked {
  explicit Asked(asio::io_context &io) : came(io) {}

  struct Wish {
    std::vector<plan::Step> steps;
    run::More more;
    std::vector<kernel::ModuleInfo> infos;
    std::vector<plan::ModuleSource> sources;
  };

  base::Event came;
  std::optional<Wish> wish;
  std::optional<std::promise<Answer>> answer;
  std::size_t told = 0;  ///< messages that the test's thread has

  void tell(const std::vector<wire::AgentMessage> &messages, std::optional<outcome::CaseFinished> finished) {
    Answer whole;
    whole.messages.assign(messages.begin() + static_cast<std::ptrdiff_t>(told), messages.end());
    told = messages.size();
    whole.finished = std::move(finished);
    if (answer) answer->set_value(std::move(whole));
    answer.reset();
  }
  void tell(const std::exception_ptr &problem) {
    if (answer) answer->set_exception(problem);
    answer.reset();
  }

  /// Reports the result of the previous steps, and waits for the next ones.
  static Task<run::More> next(std::shared_ptr<Asked> self, run::Cancellation &cancellation,
                              std::shared_ptr<plan::Case> grown, judge::Observations &seen) {
    self->tell(seen.messages, std::nullopt);
    const run::Cancellation::Registration registration(cancellation, [&self] { self->came.set(); });
    while (!self->wish && !cancellation.cancelled()) {
      co_await self->came.wait();
      self->came.reset();
    }
    if (!self->wish) throw base::Interrupted();
    Wish wish = std::move(*self->wish);
    self->wish.reset();
    std::move(wish.sources.begin(), wish.sources.end(), std::back_inserter(grown->modules));
    std::move(wish.infos.begin(), wish.infos.end(), std::back_inserter(seen.modules));
    std::move(wish.steps.begin(), wish.steps.end(), std::back_inserter(grown->steps));
    co_return std::move(wish.more);
  }
};

Conversation::Conversation(const GuestSpec &spec, const Checks &checks, const std::string &name) : spec_(spec) {
  if (one_lives.exchange(true)) {
    throw base::UsageError(base::Code::one_guest_only, "this process has a guest already",
                           "finish() or destroy it before you start another");
  }
  try {
    case_ = case_of(spec, checks, name);
    lab_ = Lab::get();
    run::Preparer &preparer = lab_->preparer(spec.modules_dir, spec.headers);
    preparer.check_kernels({case_});
    run::Prepared prepared = preparer.prepare(*case_);
    kernel_release_ = prepared.kernel.release;
    asked_ = std::make_shared<Asked>(lab_->io());
    asked_->answer.emplace();
    std::future<Answer> ready = asked_->answer->get_future();
    run::Ask ask = [asked = asked_, lab = lab_.get(), grown = case_](judge::Observations &seen) {
      return Asked::next(asked, lab->cancellation(), grown, seen);
    };
    // The lab's own thread must not own the lab: it could not wait for its own end.
    asio::post(lab_->io(), [lab = lab_.get(), test_case = case_, prepared = std::move(prepared), ask = std::move(ask),
                            asked = asked_]() mutable {
      lab->start(test_case, std::move(prepared), std::move(ask),
                 [asked](const std::exception_ptr &problem, outcome::CaseFinished finished) {
                   if (problem) return asked->tell(problem);
                   const auto seen = finished.seen;
                   asked->tell(seen->messages, std::move(finished));
                 });
    });
    alive_ = true;
    const Answer answer = wait(std::move(ready));
    if (answer.finished) throw base::Error(base::Code::guest_not_ready, verdict_of(*answer.finished).text);
  } catch (...) {
    alive_ = true;
    leave();
    throw;
  }
}

Conversation::~Conversation() {
  if (alive_) {
    try {
      ask({});
    } catch (const std::exception &) {
      // Nothing waits for the answer any more.
    }
  }
}

void Conversation::leave() {
  if (!std::exchange(alive_, false)) return;
  one_lives = false;
}

Conversation::Answer Conversation::wait(std::future<Answer> answer) {
  Answer whole = answer.get();
  messages_.insert(messages_.end(), whole.messages.begin(), whole.messages.end());
  if (whole.finished) leave();
  return whole;
}

Conversation::Answer Conversation::ask(std::vector<plan::Step> steps) {
  Asked::Wish wish;
  for (const plan::Step &step : steps) wish.more.request.steps.push_back(*step.guest);
  wish.steps = std::move(steps);
  wish.more.request.modules = std::exchange(names_, {});
  wish.more.files = std::exchange(files_, {});
  wish.infos = std::exchange(infos_, {});
  wish.sources.assign(sources_.end() - static_cast<std::ptrdiff_t>(wish.infos.size()), sources_.end());
  std::promise<Answer> promise;
  std::future<Answer> answer = promise.get_future();
  asio::post(lab_->io(), [asked = asked_, wish = std::move(wish), promise = std::move(promise)]() mutable {
    asked->answer = std::move(promise);
    asked->wish = std::move(wish);
    asked->came.set();
  });
  try {
    return wait(std::move(answer));
  } catch (...) {
    leave();
    throw;
  }
}

Conversation::Done Conversation::step(plan::Step step) {
  std::vector<plan::Step> steps;
  steps.push_back(std::move(step));
  Answer answer = ask(std::move(steps));
  Done done{std::move(answer.messages), std::nullopt};
  if (answer.finished) done.ended = end_of(*answer.finished);
  return done;
}

Verdict Conversation::finish() {
  const Answer answer = ask({});
  // Without further steps the program ends, whatever happens.
  return end_of(answer.finished.value());
}

Verdict Conversation::end_of(const outcome::CaseFinished &finished) {
  Verdict verdict = verdict_of(finished);
  if (verdict) return verdict;
  if (const fs::path folder = lab_->keep(finished); !folder.empty()) verdict.text += "\n     files: " + folder.string();
  return verdict;
}

wire::ModuleToLoad Conversation::add_module(const fs::path &module, const Params &params,
                                            const std::source_location &where) {
  const std::vector<fs::path> tried = candidates(module, where);
  const auto there = std::find_if(tried.begin(), tried.end(), [](const fs::path &path) {
    std::error_code error;
    return fs::exists(path, error);
  });
  if (there == tried.end()) {
    std::vector<std::string> words;
    for (const fs::path &path : tried) words.push_back(path.lexically_normal().string());
    throw base::UsageError(
        base::Code::no_such_module,
        fmt::format("there is no module '{}' (looked for {})", module.string(), fmt::join(words, ", ")),
        "give a .ko or a folder with a Kbuild or Makefile; KMODTEST_MODULES names further folders");
  }
  const plan::Value<plan::ModuleSource> source = plan::module_at(there->lexically_normal());
  if (!source.value)
    throw base::UsageError(source.code, source.error, "give a .ko or a folder with a Kbuild or Makefile");
  const std::string name = text::lsmod_name(source.value->name);
  const auto same = std::find_if(sources_.begin(), sources_.end(),
                                 [&](const plan::ModuleSource &other) { return other.name == source.value->name; });
  if (same == sources_.end()) {
    push_with_next_step(*source.value);
  } else if (same->path != source.value->path) {
    throw base::UsageError(base::Code::same_module_name,
                           fmt::format("two modules have the name '{}': {} and {}", name, same->path.string(),
                                       source.value->path.string()),
                           "the kernel accepts each name only once");
  }
  const auto known = std::find_if(known_.begin(), known_.end(),
                                  [&](const kernel::ModuleInfo &info) { return text::lsmod_name(info.name) == name; });
  if (known != known_.end()) refuse(kernel::check_parameters(*known, params));
  wire::ModuleToLoad load = plan::module_to_load(source.value->name);
  load.name = name;
  load.params = params;
  return load;
}

void Conversation::push_with_next_step(const plan::ModuleSource &source) {
  plan::Case with_it;
  with_it.id = case_->id;
  with_it.of_a_program = true;
  with_it.guest = shape_of(spec_);
  with_it.kernel = spec_.kernel;
  with_it.modules = sources_;
  with_it.modules.push_back(source);
  run::Prepared prepared = lab_->preparer(spec_.modules_dir, spec_.headers).prepare(with_it);
  refuse(prepared.preflight);
  sources_.push_back(source);
  names_.push_back(prepared.program.modules.back());
  files_.push_back(std::move(prepared.files.back()));
  infos_.push_back(prepared.modules.back());
  known_.push_back(std::move(prepared.modules.back()));
}

void Conversation::refuse(const std::vector<kernel::PreflightFinding> &findings) {
  if (findings.empty()) return;
  std::string text = "the module does not fit";
  for (const auto &finding : findings) {
    text += fmt::format("\n  {}", finding.message);
    if (!finding.hint.empty()) text += fmt::format("\n    hint: {}", finding.hint);
  }
  throw base::UsageError(findings.front().code, text);
}

std::vector<std::string> Conversation::loaded() const {
  std::vector<std::string> names;
  for (const wire::AgentMessage &message : messages_) {
    if (const auto *load = std::get_if<wire::Loaded>(&message); load && load->error == 0) names.push_back(load->module);
    const auto *unload = std::get_if<wire::Unloaded>(&message);
    if (unload && unload->error == 0) std::erase(names, unload->module);
  }
  return names;
}

}  // namespace kmodtest::library
