// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/host_service.hpp"

#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <utility>

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/own_file.hpp"
#include "shards/pack_list.hpp"
#include "shards/pack_placer.hpp"
#include "shards/run_files.hpp"
#include "storage/files.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;
using Kind = HostMessage::Kind;

constexpr std::chrono::milliseconds kBetweenHostLooks{200};

/// Removes the folders of runs whose processes are gone.
void remove_old_runs(const fs::path &folder) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    const fs::path &path = entry.path();
    if (!path.filename().string().starts_with("run-") || path.extension() != ".lock") continue;
    const auto lock = storage::FileLock::try_take(path);
    if (!lock) continue;
    storage::remove_folder(fs::path(path).replace_extension());
    storage::remove_folder(path);
  }
}

class HostService {
 public:
  HostService(MessageLink &link, const HostServiceOptions &options)
      : link_(link),
        options_(options),
        run_(options.folder / ("run-" + options.run)),
        files_(run_, [&link](const HostMessage &message) { link.send(message); }) {
    storage::make_folder(options.folder);
    remove_old_runs(options.folder);
    lock_.emplace(run_.string() + ".lock");
    storage::make_folder(run_);
    // The script of a shard finds this program there.
    std::error_code ignored;
    fs::create_symlink(base::own_file().parent_path(), run_ / "program", ignored);
  }

  ~HostService() {
    job_.reset();
    std::error_code ignored;
    fs::remove_all(run_, ignored);
    fs::remove(run_.string() + ".lock", ignored);
  }
  HostService(const HostService &) = delete;
  HostService &operator=(const HostService &) = delete;

  void serve() {
    for (;;) {
      const auto message = link_.receive(kBetweenHostLooks);
      if (message) obey_or_tell(*message);
      if (job_) look_at_job();
    }
  }

 private:
  void obey_or_tell(const HostMessage &message) {
    try {
      obey(message);
    } catch (const base::Error &error) {
      if (error.code() == base::Code::host_lost) throw;
      link_.send({.kind = Kind::failed,
                  .name = error.hint(),
                  .number = static_cast<std::uint64_t>(error.code()),
                  .bytes = error.what()});
    }
  }

  void obey(const HostMessage &message) {
    switch (message.kind) {
      case Kind::begin:
        return begin(message);
      case Kind::list:
        placer_.emplace(cache(), parsed(message.bytes));
        return;
      case Kind::object:
        if (placer_) placer_->take(message.name, message.bytes);
        return;
      case Kind::place:
        if (placer_) placer_->finish();
        placer_.reset();
        link_.send({.kind = Kind::placed});
        return;
      case Kind::file:
        write_part(run_, message);
        files_.has(message.name, message.offset + message.bytes.size());
        return;
      case Kind::run:
        return run(message);
      case Kind::stop:
        if (job_) job_->signal(SIGTERM);
        return;
      default:
        return;
    }
  }

  fs::path cache() const { return options_.folder / "cache"; }

  static PackList parsed(const std::string &text) {
    auto list = parse_pack_list(text);
    if (!list) throw base::Error(base::Code::host_lost, "the list of what is needed cannot be read");
    return std::move(*list);
  }

  void begin(const HostMessage &message) {
    link_.expect_life_within(std::chrono::seconds(message.number));
    std::string missing;
    for (const PackEntry &entry : parsed(message.bytes).entries) {
      if (!has_entry(cache(), entry)) missing += entry.name + "\n";
    }
    link_.send({.kind = Kind::missing, .name = options_.qemu(), .bytes = missing});
  }

  void run(const HostMessage &message) {
    shard_ = static_cast<int>(message.number);
    const fs::path log = run_ / log_name(shard_);
    const base::Descriptor output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const std::string command = "cd \"$1\" && exec sh \"./$2\"";
    job_ = std::make_unique<base::ChildProcess>(
        std::vector<std::string>{"/usr/bin/env", "KMODTEST_CACHE=" + cache().string(), "/bin/sh", "-c", command, "sh",
                                 run_.string(), message.name},
        base::ChildFiles{.in = -1, .out = output.get(), .err = output.get()});
  }

  void look_at_job() {
    const auto ended = job_->ended();
    files_.send_news_of(shard_);
    if (!ended) return;
    job_.reset();
    link_.send({.kind = Kind::ended, .number = static_cast<std::uint64_t>(shard_)});
  }

  MessageLink &link_;
  const HostServiceOptions &options_;
  fs::path run_;
  std::optional<storage::FileLock> lock_;
  FileSender files_;
  std::optional<PackPlacer> placer_;
  std::unique_ptr<base::ChildProcess> job_;
  int shard_ = 0;
};

}  // namespace

void serve_as_host(MessageLink &link, const HostServiceOptions &options) {
  try {
    HostService(link, options).serve();
  } catch (const base::Error &error) {
    if (error.code() != base::Code::host_lost) throw;
  }
}

}  // namespace kmodtest::shards
