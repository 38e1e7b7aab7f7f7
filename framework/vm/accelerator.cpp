// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/accelerator.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/error.hpp"
#include "text/replace.hpp"

namespace kmodtest::vm {
namespace asio = base::asio;
namespace {

constexpr std::string_view kAgentsFirstBytes = "KMT";
constexpr std::chrono::milliseconds kLook{100};

/// Returns when a console that was empty at first has not got any output in time; waits indefinitely otherwise.
base::Task<> silent_console(const Guest &guest, ProbePatience patience) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  auto token = asio::use_awaitable;
  for (std::chrono::milliseconds waited{0}; waited < patience.user_space; waited += kLook) {
    if (waited >= patience.first_output && guest.console().empty()) co_return;
    timer.expires_after(kLook);
    co_await timer.async_wait(token);
  }
}

base::Task<bool> hears_the_agent(Guest &guest) {
  base::UnixSocket socket = co_await guest.open_channel();
  std::array<char, kAgentsFirstBytes.size()> bytes{};
  boost::system::error_code error;
  auto buffer = asio::buffer(bytes);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await asio::async_read(socket, buffer, token);
  co_return !error && std::string_view(bytes.data(), bytes.size()) == kAgentsFirstBytes;
}

/// A result as the cache names it. Older versions wrote "fails" and a sentence: such an answer is not read any more.
struct ResultName {
  KvmAnswer::Result result;
  std::string_view name;
  bool has_message;
};
constexpr std::array<ResultName, 6> kResults = {{
    {KvmAnswer::Result::works, "works", false},
    {KvmAnswer::Result::denied, "denied", false},
    {KvmAnswer::Result::no_user_space, "no-user-space", false},
    {KvmAnswer::Result::too_slow, "too-slow", false},
    {KvmAnswer::Result::qemu_ended, "qemu-ended", true},
    {KvmAnswer::Result::not_started, "not-started", true},
}};

std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

}  // namespace

std::error_code kvm_device_error(const std::filesystem::path &device) {
  const int descriptor = ::open(device.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return {errno, std::generic_category()};
  ::close(descriptor);
  return {};
}

std::string kvm_device_words(const std::error_code &error) {
  return error ? fmt::format("/dev/kvm: {}", error.message()) : std::string();
}

std::string KvmAnswer::reason() const {
  switch (result) {
    case Result::works:
      break;
    case Result::denied:
      return "the user that QEMU runs as cannot open /dev/kvm";
    case Result::no_user_space:
      return "/dev/kvm opens, but a guest under it does not reach user space";
    case Result::too_slow:
      return "/dev/kvm opens, but a guest under it was not ready in time";
    case Result::qemu_ended:
      return fmt::format("/dev/kvm opens, but QEMU ends under it: {}", said);
    case Result::not_started:
      return said;
  }
  return {};
}

std::filesystem::path kvm_answer_file(const std::filesystem::path &cache, const std::string &qemu_version) {
  utsname host{};
  ::uname(&host);
  // Opening the device to more users changes it, and with it the answer.
  struct stat device {};
  const bool there = ::stat("/dev/kvm", &device) == 0;
  std::string name = fmt::format("kvm-{}-{}-{}-{:x}", host.release, qemu_version.substr(0, qemu_version.find(' ')),
                                 boot_id(), there ? device.st_ctim.tv_sec : 0);
  for (char &c : name) {
    if (c == '/' || c == ' ') c = '-';
  }
  return cache / "accelerator" / name;
}

std::optional<KvmAnswer> read_kvm_answer(const std::filesystem::path &file) {
  std::ifstream in(file);
  std::string name;
  std::getline(in, name);
  const auto known =
      std::find_if(kResults.begin(), kResults.end(), [&](const ResultName &one) { return one.name == name; });
  if (known == kResults.end()) return std::nullopt;
  KvmAnswer answer{.result = known->result};
  if (known->has_message && (!std::getline(in, answer.said) || answer.said.empty())) return std::nullopt;
  return answer;
}

void write_kvm_answer(const std::filesystem::path &file, const KvmAnswer &answer) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  const std::filesystem::path unfinished = file.string() + fmt::format(".{}", ::getpid());
  std::ofstream out(unfinished);
  const auto known = std::find_if(kResults.begin(), kResults.end(),
                                  [&](const ResultName &one) { return one.result == answer.result; });
  out << known->name << '\n';
  if (known->has_message) out << answer.said << '\n';
  out.close();
  if (!out.fail()) std::filesystem::rename(unfinished, file, error);
  if (out.fail() || error) std::filesystem::remove(unfinished, error);
}

KvmAnswer answer_from_libvirt(std::string_view said) {
  // libvirt prints this if /dev/kvm opens for us, but not for the user that QEMU runs as.
  if (text::contains(said, "does not support virt type 'kvm'")) return {.result = KvmAnswer::Result::denied};
  // QEMU's own first message follows its name in libvirt's message.
  constexpr std::string_view kName = "qemu-system-x86_64: ";
  const std::size_t at = said.find(kName);
  if (!text::contains(said, "closed the monitor") || at == std::string_view::npos) {
    return {.result = KvmAnswer::Result::not_started, .said = on_one_line(said)};
  }
  std::string_view first = said.substr(at + kName.size());
  first = first.substr(0, std::min(first.find('\n'), first.find(kName)));
  if (first.starts_with("error: ")) first.remove_prefix(7);
  return {.result = KvmAnswer::Result::qemu_ended, .said = std::string(text::trimmed(first))};
}

base::Task<KvmAnswer> probe_kvm(Hypervisor &hypervisor, GuestSpec spec, ProbePatience patience) {
  using namespace asio::experimental::awaitable_operators;
  spec.accelerator = Accelerator::kvm;
  spec.cpus = 1;
  spec.sockets = spec.cores = spec.threads = 0;
  spec.numa.clear();
  spec.append += " ignore_loglevel";  // makes any working kernel print to the console at once
  KvmAnswer answer;
  try {
    std::string name = "kvm-probe";
    const std::unique_ptr<Guest> guest = co_await hypervisor.start(std::move(spec), std::move(name));
    base::Task<bool> agent = hears_the_agent(*guest);
    base::Task<> silence = silent_console(*guest, patience);
    const auto first = co_await (std::move(agent) || std::move(silence));
    const bool heard = first.index() == 0 && std::get<0>(first);
    const auto otherwise = guest->console().empty() ? KvmAnswer::Result::no_user_space : KvmAnswer::Result::too_slow;
    answer.result = heard ? KvmAnswer::Result::works : otherwise;
    co_await guest->stop();
  } catch (const base::Error &error) {
    answer = answer_from_libvirt(error.what());
  }
  co_return answer;
}

std::optional<KvmAnswer> known_kvm_answer(const std::filesystem::path &cache, const std::string &qemu_version) {
  return read_kvm_answer(kvm_answer_file(cache, qemu_version));
}

base::Task<KvmAnswer> kvm_answer(Hypervisor &hypervisor, GuestSpec spec, std::filesystem::path cache) {
  std::optional<KvmAnswer> answer = known_kvm_answer(cache, hypervisor.qemu_version());
  if (!answer) {
    answer = co_await probe_kvm(hypervisor, std::move(spec));
    if (answer->lasts()) write_kvm_answer(kvm_answer_file(cache, hypervisor.qemu_version()), *answer);
  }
  co_return *answer;
}

std::string accelerator_words(bool allow_kvm, const std::error_code &device_error,
                              const std::optional<KvmAnswer> &known) {
  if (!allow_kvm) return "TCG (KVM is switched off)";
  if (device_error) return fmt::format("TCG ({})", kvm_device_words(device_error));
  if (!known) return "KVM to be probed";
  return known->works() ? "KVM" : fmt::format("TCG ({})", known->reason());
}

std::string host_cpu(std::string_view cpuinfo) {
  constexpr std::array<std::string_view, 6> kKeys{"vendor_id", "cpu family", "model", "stepping", "microcode", "flags"};
  std::string identity;
  std::istringstream lines{std::string(cpuinfo.substr(0, cpuinfo.find("\n\n")))};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    const std::string_view key = text::trimmed(std::string_view(line).substr(0, std::min(colon, line.size())));
    if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) identity += line + '\n';
  }
  return identity;
}

}  // namespace kmodtest::vm
