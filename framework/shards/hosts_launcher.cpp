// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/hosts_launcher.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <utility>

#include "base/error.hpp"
#include "shards/archive.hpp"
#include "shards/layout.hpp"
#include "shards/run_files.hpp"
#include "storage/files.hpp"
#include "text/lines.hpp"
#include "text/size.hpp"
#include "text/words.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;
using Kind = HostMessage::Kind;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenHostMessages{200};
constexpr std::chrono::seconds kToStop{15};
constexpr std::size_t kObjectPart = 256 * 1024;

/// Throws what a host has failed to do.
void check_answer(const HostMessage &message) {
  if (message.kind != Kind::failed) return;
  throw base::Error(static_cast<base::Code>(message.number), message.bytes, message.name);
}

HostMessage wait_for(MessageLink &link, Kind kind) {
  for (;;) {
    const auto message = link.receive(std::chrono::hours(1));
    if (!message) continue;
    check_answer(*message);
    if (message->kind == kind) return *message;
  }
}

/// The threads leave signals to the main thread.
void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

base::Error error_naming(const std::string &host, const base::Error &error) {
  const std::string what = error.what();
  const std::string name = fmt::format("host {}: ", host);
  return base::Error(error.code(), what.starts_with(name) ? what : name + what, error.hint());
}

}  // namespace

HostsLauncher::HostsLauncher(const std::vector<std::string> &hosts, ConnectHost connect, Luggage luggage,
                             fs::path folder, std::chrono::seconds silence)
    : connect_(std::move(connect)),
      luggage_(std::move(luggage)),
      folder_(std::move(folder)),
      silence_(silence),
      usable_(hosts.size()) {
  for (const std::string &host : hosts) threads_.emplace_back([this, host] { work(host); });
}

HostsLauncher::~HostsLauncher() {
  cancel();
}

void HostsLauncher::cancel() {
  {
    const std::lock_guard guard(mutex_);
    over_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread &thread : threads_) thread.join();
  threads_.clear();
}

bool HostsLauncher::is_over() {
  const std::lock_guard guard(mutex_);
  return over_;
}

bool HostsLauncher::has_to_stop(int shard) {
  const std::lock_guard guard(mutex_);
  return over_ || stopped_.contains(shard);
}

std::size_t HostsLauncher::idle() {
  const std::lock_guard guard(mutex_);
  return waiting_.empty() ? idle_ : 0;
}

void HostsLauncher::stop(int shard) {
  const std::lock_guard guard(mutex_);
  stopped_.insert(shard);
  if (std::erase_if(waiting_, [shard](const Job &job) { return job.shard == shard; }) > 0)
    states_[shard] = JobState::ended;
}

void HostsLauncher::tell(const std::string &text) {
  const std::lock_guard guard(mutex_);
  news_.push_back(text);
}

std::vector<std::string> HostsLauncher::take_news() {
  const std::lock_guard guard(mutex_);
  return std::exchange(news_, {});
}

void HostsLauncher::start(const std::vector<Job> &jobs) {
  {
    const std::lock_guard guard(mutex_);
    for (const Job &job : jobs) {
      waiting_.push_back(job);
      states_[job.shard] = JobState::waiting;
    }
  }
  changed_.notify_all();
}

std::map<int, JobState> HostsLauncher::states() {
  const std::lock_guard guard(mutex_);
  if (usable_ > 0 || failures_.empty()) return states_;
  std::string all;
  for (const base::Error &failure : failures_) all += (all.empty() ? "" : "; ") + std::string(failure.what());
  throw base::Error(failures_.front().code(), all, failures_.front().hint());
}

void HostsLauncher::drop(const std::string &name, const base::Error &error) {
  const base::Error named = error_naming(name, error);
  std::string text = fmt::format("{} [{}]", named.what(), base::name_of(named.code()));
  if (!named.hint().empty()) text += fmt::format(" ({})", named.hint());
  {
    const std::lock_guard guard(mutex_);
    --usable_;
    failures_.push_back(named);
    if (!over_) news_.push_back(text);
    if (const auto shard = running_.find(name); shard != running_.end()) states_[shard->second] = JobState::ended;
    running_.erase(name);
  }
  changed_.notify_all();
}

void HostsLauncher::work(const std::string &name) {
  block_signals();
  std::unique_ptr<Host> host;
  try {
    host = connect_(name);
    settle_in(name, host->link());
    while (const auto job = next_job(name)) {
      run_job(host->link(), *job);
      const std::lock_guard guard(mutex_);
      running_.erase(name);
      states_[job->shard] = JobState::ended;
    }
  } catch (const base::Error &error) {
    const bool lost = host && error.code() == base::Code::host_lost;
    drop(name, lost ? host->error_of(error) : error);
  } catch (const fs::filesystem_error &error) {
    drop(name, base::Error(base::Code::cannot_read, error.what()));
  }
}

PackList HostsLauncher::with_files(const std::string &names) {
  const std::lock_guard guard(listing_);
  std::set<std::string> wanted;
  for (const std::string_view line : text::lines_of(names)) wanted.emplace(line);
  PackList list = luggage_.list;
  list.entries.clear();
  for (PackEntry &entry : luggage_.list.entries) {
    if (!wanted.contains(entry.name)) continue;
    if (entry.files.empty()) list_files(entry);
    list.entries.push_back(entry);
  }
  return list;
}

void HostsLauncher::send_entries(MessageLink &link, const PackList &missing) {
  link.send({.kind = Kind::list, .bytes = pack_list_text(missing)});
  std::set<std::string> sent;
  for (const PackEntry &entry : missing.entries) {
    for (const PackFile &file : entry.files) {
      if (!file.link.empty() || file.size == 0 || !sent.insert(file.sha256).second) continue;
      std::ifstream content(place_of(entry, file), std::ios::binary);
      std::string block(kObjectPart, '\0');
      while (content) {
        content.read(block.data(), static_cast<std::streamsize>(block.size()));
        const auto size = static_cast<std::size_t>(content.gcount());
        if (size > 0) link.send({.kind = Kind::object, .name = file.sha256, .bytes = block.substr(0, size)});
      }
      if (const auto answer = link.receive(std::chrono::milliseconds(0))) check_answer(*answer);
      if (is_over()) throw base::Interrupted();
    }
  }
  link.send({.kind = Kind::place});
  wait_for(link, Kind::placed);
}

void HostsLauncher::settle_in(const std::string &name, MessageLink &link) {
  PackList outline = luggage_.list;
  for (PackEntry &entry : outline.entries) entry.files.clear();
  link.send(
      {.kind = Kind::begin, .number = static_cast<std::uint64_t>(silence_.count()), .bytes = pack_list_text(outline)});
  const HostMessage answer = wait_for(link, Kind::missing);
  if (!outline.qemu.empty() && answer.name != outline.qemu) {
    tell(fmt::format("host {} has QEMU {}, and this machine has {}: it boots its guests itself, and digests can differ",
                     name, answer.name, outline.qemu));
  }
  if (const PackList missing = with_files(answer.bytes); !missing.entries.empty()) {
    tell(fmt::format("host {} gets {} ({})", name, text::counted(missing.entries.size(), "missing part"),
                     text::human_size(missing.disk_bytes())));
    send_entries(link, missing);
  }
  FileSender sender({}, [&link](const HostMessage &message) { link.send(message); });
  for (const auto &[place, file] : luggage_.files) sender.send_whole(file, place);
  tell(fmt::format("host {} is ready", name));
}

/// Returns whether a host takes a shard: not one that it had before, as long as there is another host for it.
bool HostsLauncher::takes(const std::string &name, const Job &job) const {
  const auto tried = tried_.find(job.shard);
  return usable_ < 2 || tried == tried_.end() || !tried->second.contains(name);
}

std::optional<Job> HostsLauncher::next_job(const std::string &name) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (over_) return std::nullopt;
    const auto job = std::find_if(waiting_.begin(), waiting_.end(), [&](const Job &each) { return takes(name, each); });
    if (job != waiting_.end()) {
      Job taken = *job;
      waiting_.erase(job);
      tried_[taken.shard].insert(name);
      running_[name] = taken.shard;
      states_[taken.shard] = JobState::running;
      return taken;
    }
    ++idle_;
    changed_.wait(lock);
    --idle_;
  }
}

/// Sends the results that an earlier host has sent, so that the shard continues there.
void HostsLauncher::send_earlier(MessageLink &link, const Job &job) const {
  FileSender sender(folder_, [&link](const HostMessage &message) { link.send(message); });
  const std::string results = results_name(job.shard);
  for (const fs::path &file : files_below(folder_ / results)) {
    const bool needed = file == kManifestFile || file == kListFile || file.string().starts_with(kFinishedPrefix);
    if (needed) sender.send_whole(folder_ / results / file, results + "/" + file.string());
  }
}

void HostsLauncher::run_job(MessageLink &link, const Job &job) {
  send_earlier(link, job);
  const std::string script = script_name(job.shard);
  FileSender(folder_, [&link](const HostMessage &message) { link.send(message); }).send_whole(job.script, script);
  link.send({.kind = Kind::run, .name = script, .number = static_cast<std::uint64_t>(job.shard)});
  const std::string own = results_name(job.shard);
  std::optional<Clock::time_point> stopped;
  for (;;) {
    const auto message = link.receive(kBetweenHostMessages);
    if (message) check_answer(*message);
    if (message && message->kind == Kind::ended) return;
    if (message && message->kind == Kind::file &&
        (message->name == own + ".log" || message->name.starts_with(own + "/")))
      write_part(folder_, *message);
    if (!stopped && has_to_stop(job.shard)) {
      link.send({.kind = Kind::stop});
      stopped = Clock::now();
    }
    if (stopped && Clock::now() - *stopped > kToStop) return;
  }
}

}  // namespace kmodtest::shards
