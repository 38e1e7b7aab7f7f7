// SPDX-License-Identifier: GPL-2.0-or-later
#include "device_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "system.hpp"

namespace kmodtest::guest {
namespace {

enum class Kind : std::uint8_t { ioctl, ioctl_with_number, map, poll };

/// What goes to the worker besides the bytes; the worker is a copy of this process.
struct Header {
  Kind kind = Kind::ioctl;
  std::uint64_t request = 0, number = 0;
  std::uint64_t offset = 0, length = 0, at = 0, wanted = 0;
  std::uint16_t events = 0;
  std::int64_t patience = 0;
};

std::string to_job(const Header &header, const std::string &bytes = {}) {
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) + bytes;
}

/// Opens a file for reading and writing; for reading alone if it does not allow more.
base::Descriptor open_device(const std::string &path, int flags) {
  base::Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY | flags));
  if (!file && (errno == EACCES || errno == EROFS || errno == EISDIR || errno == EPERM))
    file = base::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | flags));
  return file;
}

void put_value(std::string &answer, std::int64_t value) {
  answer.assign(reinterpret_cast<const char *>(&value), sizeof value);
}

int call_ioctl(int file, const Header &header, std::string bytes, std::string &answer) {
  // No driver should write more than the number of its ioctl says; those that do hit what follows here, not the heap.
  constexpr std::size_t kReserve = 4096;
  const std::size_t size = bytes.size();
  bytes.resize(size + kReserve);
  const bool is_number = header.kind == Kind::ioctl_with_number;
  const int value = is_number ? ::ioctl(file, header.request, header.number)
                              : ::ioctl(file, header.request, static_cast<void *>(bytes.data()));
  if (value < 0) return errno;
  put_value(answer, value);
  if (!is_number) answer.append(bytes, 0, size);
  return 0;
}

/// Copies up to wire::kMostDeviceBytes through a pipe. Where memory cannot be touched, the kernel returns EFAULT to its
/// own copying; a copy by this process would end it by SIGBUS.
int copy_by_kernel(char *to, const char *from, std::size_t size) {
  if (size == 0) return 0;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno;
  const base::Descriptor out(ends[0]);
  const base::Descriptor in(ends[1]);
  const auto is_whole = [size](ssize_t moved) { return moved == static_cast<ssize_t>(size); };
  return is_whole(::write(in.get(), from, size)) && is_whole(::read(out.get(), to, size)) ? 0 : EFAULT;
}

int call_map(int file, const Header &header, const std::string &bytes, std::string &answer) {
  const int access = PROT_READ | (bytes.empty() ? 0 : PROT_WRITE);
  void *mapped = ::mmap(nullptr, header.length, access, MAP_SHARED, file, static_cast<off_t>(header.offset));
  if (mapped == MAP_FAILED) return errno;
  char *place = static_cast<char *>(mapped) + header.at;
  std::string there(header.wanted, '\0');
  int error = copy_by_kernel(place, bytes.data(), bytes.size());
  if (error == 0) error = copy_by_kernel(there.data(), place, there.size());
  ::munmap(mapped, header.length);
  put_value(answer, 0);
  answer += there;
  return error;
}

int call_poll(int file, const Header &header, std::string &answer) {
  constexpr Time kPause{10'000};
  const Time deadline = now() + Time(header.patience);
  pollfd polled{file, static_cast<short>(header.events), 0};
  for (;;) {
    const timespec timeout = to_timespec(std::max(deadline - now(), Time{0}));
    if (::ppoll(&polled, 1, &timeout, nullptr) < 0) return errno;
    // Errors and hangups end the call, whether they were asked for or not.
    if ((polled.revents & polled.events) != 0 || now() >= deadline) break;
    sleep_until(std::min(now() + kPause, deadline));
  }
  put_value(answer, polled.revents);
  return 0;
}

}  // namespace

std::string device_job(const wire::Ioctl &call) {
  Header header;
  header.kind = call.number ? Kind::ioctl_with_number : Kind::ioctl;
  header.request = call.request;
  header.number = call.number.value_or(0);
  return to_job(header, call.bytes);
}

std::string device_job(const wire::MapMemory &map) {
  Header header;
  header.kind = Kind::map;
  header.offset = map.offset;
  header.length = map.length;
  header.at = map.at;
  header.wanted = std::max(map.bytes.size(), map.gives.values.size());
  return to_job(header, map.bytes);
}

std::string device_job(const wire::Poll &poll, wire::Microseconds patience) {
  Header header;
  header.kind = Kind::poll;
  header.events = poll.events;
  header.patience = std::max<std::int64_t>(patience.count(), 0);
  return to_job(header);
}

int call_device(const std::string &path, const std::string &job, std::string &answer) {
  Header header;
  if (job.size() < sizeof header) return EINVAL;
  std::memcpy(&header, job.data(), sizeof header);
  const std::string bytes = job.substr(sizeof header);
  const base::Descriptor file = open_device(path, header.kind == Kind::poll ? O_NONBLOCK : 0);
  if (!file) return errno;
  switch (header.kind) {
    case Kind::ioctl:
    case Kind::ioctl_with_number:
      return call_ioctl(file.get(), header, bytes, answer);
    case Kind::map:
      return call_map(file.get(), header, bytes, answer);
    case Kind::poll:
      return call_poll(file.get(), header, answer);
  }
  return EINVAL;
}

std::int64_t take_value(std::string &answer) {
  std::int64_t value = 0;
  if (answer.size() < sizeof value) return 0;
  std::memcpy(&value, answer.data(), sizeof value);
  answer.erase(0, sizeof value);
  return value;
}

}  // namespace kmodtest::guest
