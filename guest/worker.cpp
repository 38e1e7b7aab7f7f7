// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "boot.hpp"
#include "device_calls.hpp"
#include "entries.hpp"
#include "kept_mounts.hpp"
#include "resources.hpp"

namespace kmodtest::guest {
namespace {

struct JobHeader {
  Job::Kind kind;
  bool force;
  std::int32_t cpu;
  shared::Sampling sampling;
  Time until;
  std::uint32_t subject_size;
  std::uint32_t argument_size;
};

struct ReplyHeader {
  std::int32_t error;
  bool truncated;
  std::int64_t took;
  std::int64_t busy;
  std::uint32_t content_size;
};

template <class Header>
std::string to_bytes(const Header &header) {
  return std::string(reinterpret_cast<const char *>(&header), sizeof header);
}

std::string to_bytes(const Job &job) {
  const JobHeader header{job.kind,
                         job.force,
                         job.cpu,
                         job.sampling,
                         job.until,
                         static_cast<std::uint32_t>(job.subject.size()),
                         static_cast<std::uint32_t>(job.argument.size())};
  return to_bytes(header) + job.subject + job.argument;
}

bool read_exactly(int fd, void *to, std::size_t size) {
  auto *at = static_cast<char *>(to);
  while (size > 0) {
    const ssize_t got = ::read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

int write_file(const std::string &path, const std::string &content) {
  // Creates a missing file under /tmp; under /proc and /sys O_CREAT has no use.
  const int make = is_below(path, {"/tmp"}) ? O_CREAT | O_TRUNC : 0;
  const base::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | make, 0644));
  if (!file) return errno;
  // One write: attributes of sysfs and most of procfs take each write as a complete value.
  if (content.empty()) return ::write(file.get(), "", 0) < 0 ? errno : 0;
  return write_all(file.get(), content);
}

/// Reads files for one agent, and remembers the last reading.
class FileReader {
 public:
  explicit FileReader(int jobs) : jobs_(jobs) {}

  FileText look(const Job &job) {
    if (job.kind != Job::Kind::watch) reads_ = job.kind == Job::Kind::read;
    return last_ = reads_ ? read(job.subject.c_str()) : stat(job.subject.c_str());
  }

  FileText watch(const Job &job) {
    const FileText before = last_;
    for (Time read_at = now(); read_at < job.until && !wait_for_job(std::min(job.sampling.next(read_at), job.until));
         read_at = now()) {
      const FileText text = look(job);
      if (text.error != before.error || text.content != before.content) break;
    }
    return last_;
  }

 private:
  /// Returns true if there is another job before that moment.
  bool wait_for_job(Time moment) const {
    pollfd polled{jobs_, POLLIN, 0};
    const timespec timeout = to_timespec(moment - now());
    return ::ppoll(&polled, 1, &timeout, nullptr) != 0;
  }

  static FileText stat(const char *path) {
    struct stat there {};
    return {::stat(path, &there) == 0 ? 0 : errno, {}, false};
  }

  static FileText read(const char *path) {
    const base::Descriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) return {errno, {}, false};
    FileText text = read_all(file.get(), Worker::kReadLimit);
    if (text.error == EAGAIN && !text.content.empty()) text.error = 0;
    return text;
  }

  int jobs_;
  bool reads_ = true;
  FileText last_;
};

/// Returns the CPU time of this process so far, with what the kernel did for it.
Time cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return Time(static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000);
}

/// Returns the errno of a call that is made on this CPU.
template <class Call>
int on_cpu(std::int32_t cpu, const Call &call) {
  if (cpu == wire::kAnyCpu) return call();
  cpu_set_t before, only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(cpu), &only);
  if (::sched_getaffinity(0, sizeof before, &before) != 0 || ::sched_setaffinity(0, sizeof only, &only) != 0)
    return errno;
  const int error = call();
  ::sched_setaffinity(0, sizeof before, &before);
  return error;
}

JobResult carry_out(const Job &job, FileReader &reader, EntryLister &entries) {
  JobResult result;
  const Time begun = now();
  const Time busy_before = cpu_time();
  switch (job.kind) {
    case Job::Kind::load:
      result.error = on_cpu(job.cpu, [&job] { return load_module(job.subject, job.argument); });
      break;
    case Job::Kind::unload:
      result.error = unload_module(job.subject, job.force);
      break;
    case Job::Kind::look:
    case Job::Kind::read:
    case Job::Kind::watch: {
      FileText text = job.kind == Job::Kind::watch ? reader.watch(job) : reader.look(job);
      result.error = text.error;
      result.content = std::move(text.content);
      result.truncated = text.truncated;
      break;
    }
    case Job::Kind::stop:
      break;
    case Job::Kind::write:
      result.error = write_file(job.subject, job.argument);
      break;
    case Job::Kind::list_entries:
      result.content = entries.list();
      break;
    case Job::Kind::read_resources:
      result.content = read_resources();
      break;
    case Job::Kind::read_memory:
      result.content = read_memory();
      break;
    case Job::Kind::device_call:
      result.error = call_device(job.subject, job.argument, result.content);
      break;
  }
  result.took = now() - begun;
  result.busy = cpu_time() - busy_before;
  return result;
}

[[noreturn]] void work(int jobs, int replies) {
  ::prctl(PR_SET_NAME, "kmodtest-worker");
  // EntryLister keeps folders open, some hundreds of them.
  constexpr rlimit kManyFiles{65536, 65536};
  ::setrlimit(RLIMIT_NOFILE, &kManyFiles);
  EntryLister entries;
  FileReader reader(jobs);
  for (JobHeader header{}; read_exactly(jobs, &header, sizeof header);) {
    Job job;
    job.kind = header.kind;
    job.force = header.force;
    job.cpu = header.cpu;
    job.sampling = header.sampling;
    job.until = header.until;
    job.subject.resize(header.subject_size);
    job.argument.resize(header.argument_size);
    if (!read_exactly(jobs, job.subject.data(), job.subject.size())) break;
    if (!read_exactly(jobs, job.argument.data(), job.argument.size())) break;
    if (job.kind == Job::Kind::stop) continue;
    const JobResult result = carry_out(job, reader, entries);
    const ReplyHeader reply{result.error, result.truncated, result.took.count(), result.busy.count(),
                            static_cast<std::uint32_t>(result.content.size())};
    if (write_all(replies, to_bytes(reply) + result.content) != 0) break;
  }
  ::_exit(0);
}

}  // namespace

void Worker::start() {
  int to_worker[2];
  int from_worker[2];
  if (::pipe2(to_worker, O_CLOEXEC) != 0) return;
  jobs_ = base::Descriptor(to_worker[1]);
  const base::Descriptor their_jobs(to_worker[0]);
  if (::pipe2(from_worker, O_CLOEXEC) != 0) return;
  replies_ = base::Descriptor(from_worker[0]);
  const base::Descriptor their_replies(from_worker[1]);
  pid_ = ::fork();
  if (pid_ == 0) {
    for (int fd = STDERR_FILENO + 1; fd < 256; ++fd)
      if (fd != their_jobs.get() && fd != their_replies.get() && !is_kept(fd)) ::close(fd);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGCHLD, SIG_DFL);
    ::signal(SIGIO, SIG_IGN);
    work(their_jobs.get(), their_replies.get());
  }
  ::fcntl(replies_.get(), F_SETFL, O_NONBLOCK);
  incoming_.clear();
}

void Worker::submit(const Job &job) {
  if (pid_ <= 0) start();
  result_.reset();
  busy_ = true;
  // The process waits for a job, so this does not block for longer than it takes to read one.
  if (pid_ <= 0 || write_all(jobs_.get(), to_bytes(job)) != 0) {
    result_.emplace();
    result_->died = true;
    abandon();
  }
}

JobResult Worker::finish(const Job &job) {
  submit(job);
  for (;;) {
    if (std::optional<JobResult> result = take()) return std::move(*result);
    pollfd polled{replies_.get(), POLLIN, 0};
    ::poll(&polled, 1, -1);
    receive();
  }
}

void Worker::stop_watching() {
  if (busy_) write_all(jobs_.get(), to_bytes(Job(Job::Kind::stop)));
}

void Worker::receive() {
  char piece[16u << 10];
  for (;;) {
    const ssize_t got = ::read(replies_.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    if (got == 0) {
      const bool was_busy = busy_;
      abandon();
      if (was_busy) {
        result_.emplace();
        result_->died = true;
      }
      return;
    }
    incoming_.append(piece, static_cast<std::size_t>(got));
  }
  ReplyHeader header{};
  if (incoming_.size() < sizeof header) return;
  std::memcpy(&header, incoming_.data(), sizeof header);
  if (incoming_.size() < sizeof header + header.content_size) return;
  result_.emplace();
  result_->error = header.error;
  result_->truncated = header.truncated;
  result_->took = Time(header.took);
  result_->busy = Time(header.busy);
  result_->content = incoming_.substr(sizeof header, header.content_size);
  incoming_.clear();
  busy_ = false;
}

std::optional<JobResult> Worker::take() {
  std::optional<JobResult> result = std::move(result_);
  result_.reset();
  return result;
}

void Worker::abandon() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);  // reaped like all orphans, if it ever ends
  pid_ = 0;
  jobs_.close();
  replies_.close();
  busy_ = false;
  incoming_.clear();
}

}  // namespace kmodtest::guest
