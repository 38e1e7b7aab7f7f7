// SPDX-License-Identifier: GPL-2.0-or-later
// The steps that call a device's file: ioctl, mmap, poll.
#include <fmt/format.h>
#include <map>
#include <poll.h>
#include <string>
#include <vector>

#include "plan/steps/device_bytes.hpp"
#include "plan/steps/header_numbers.hpp"
#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Key kPath{.name = "path",
                .type = Type::guest_path,
                .description = "the file, below /proc, /sys, /dev or /tmp; it is opened for this call",
                .example = "/dev/my_device",
                .required = true};

const Table &ioctl_table() {
  static const Table table{
      "ioctl",
      {kPath,
       {.name = "request",
        .type = Type::text,
        .description = "its number, or what its header defines it as, with the size of the argument or its type; with "
                       "`header`, its name",
        .example = "\"_IOWR('k', 1, __u32)\"",
        .required = true},
       {"header", Type::text, "none",
        "a header that programs can include and that defines the names in `request` and `number`: a file next to the "
        "plan or in the folder of a module, or one of the kernel's in <>; a compiler of this machine reads it",
        "<linux/fs.h>"},
       {"number", Type::text, "", "the argument, if it is a number; with `header`, its name", "5"},
       {"bytes", Type::text, "zeros", "what the argument points to: hexadecimal digits, or fields such as u32=5",
        "\"u32=5 zeros=4\""},
       {"gives", Type::text, "anything", "the same after the call; ?? is any byte", "\"u32=10 ?? ??\""},
       {"returns", Type::range, "anything", "what the call returns", "0"},
       kErrno,
       kActionWithinKey}};
  return table;
}

const Table &mmap_table() {
  static const Table table{
      "mmap",
      {kPath,
       {"length", Type::size, "4096", "how much is mapped", "64K"},
       {"offset", Type::size, "0", "from where in the file", "4096"},
       {"at", Type::size, "0", "the place in the mapping that is written and read", "16"},
       {"bytes", Type::text, "nothing", "what to write there; without it the memory is mapped for reading only",
        "\"u32=1\""},
       {"gives", Type::text, "anything", "what is read there after that; ?? is any byte", "\"de ad be ef\""},
       kErrno,
       kActionWithinKey}};
  return table;
}

const std::map<std::string, std::uint16_t> &poll_events() {
  static const std::map<std::string, std::uint16_t> events{
      {"readable", POLLIN}, {"writable", POLLOUT}, {"priority", POLLPRI}, {"error", POLLERR}, {"hangup", POLLHUP}};
  return events;
}

std::vector<std::string> event_names() {
  std::vector<std::string> names;
  for (const auto &[name, event] : poll_events()) names.push_back(name);
  return names;
}

const Table &poll_table() {
  static const Table table{"poll",
                           {kPath,
                            {.name = "is",
                             .type = Type::choices,
                             .fallback = "readable",
                             .description = "what it must be, one of these",
                             .example = "writable",
                             .allowed = event_names()},
                            {"absent", Type::boolean, "false", "it must be none of them until the deadline", "true"},
                            kWithin}};
  return table;
}

/// Returns the bytes of a key.
wire::BytePattern bytes_of(StepInput &in, const char *key, bool any) {
  const auto text = in.reader.text(key);
  if (!text) return {};
  auto bytes = parse_bytes(*text, any);
  if (!bytes.value) in.reader.error(bytes.code, key, fmt::format("'{}': {}", key, bytes.error));
  return bytes.value.value_or(wire::BytePattern{});
}

template <class Call>
void read_common(Call &call, StepInput &in) {
  call.path = in.reader.guest_path("path").value_or("");
  call.expected_errno = in.reader.errno_value("errno").value_or(0);
  call.bytes = bytes_of(in, "bytes", false).values;
  call.gives = bytes_of(in, "gives", true);
  if (call.expected_errno != 0) refuse_together(in.reader, "errno", {"gives"}, "a call that is refused gives nothing");
}

}  // namespace

StepKind kind_of(const wire::Ioctl &) {
  return {.name = "ioctl",
          .summary = "Opens a file of the guest and calls ioctl().",
          .action = true,
          .table = &ioctl_table(),
          .example = "ioctl: {path: /dev/my_device, request: \"_IOWR('k', 1, __u32)\", bytes: u32=5, gives: u32=10}"};
}

std::optional<std::string> read(wire::Ioctl &call, StepInput &in) {
  read_common(call, in);
  in.step.numbers = read_header_numbers(in);
  const bool has_header = in.reader.has("header");
  if (const auto text = in.reader.text("request"); text && !has_header) {
    auto request = parse_request(*text);
    if (!request.value) in.reader.error(request.code, "request", request.error);
    call.request = request.value.value_or(0);
  } else if (text) {
    call.request = plain_number(*text).value_or(0);
  }
  if (const auto text = in.reader.text("number")) {
    const auto number = plain_number(*text);
    if (!number && !has_header)
      in.reader.error(Code::bad_step, "number", fmt::format("{} is not a number", quote(*text)));
    call.number = number.value_or(0);
    refuse_together(in.reader, "number", {"bytes", "gives"}, "the argument is not an address then");
  }
  call.returns = in.reader.range("returns");
  if (call.expected_errno != 0)
    refuse_together(in.reader, "errno", {"returns"}, "a call that is refused returns nothing else");
  make_room(call);
  return call.path;
}

StepKind kind_of(const wire::MapMemory &) {
  return {.name = "mmap",
          .summary = "Opens a file of the guest, maps it into memory (shared), and writes and reads some of it.",
          .action = true,
          .table = &mmap_table(),
          .example = "mmap: {path: /dev/my_device, length: 4096, at: 16, gives: \"u32=1\"}"};
}

std::optional<std::string> read(wire::MapMemory &map, StepInput &in) {
  read_common(map, in);
  map.length = in.reader.size("length").value_or(map.length);
  map.offset = in.reader.size("offset").value_or(0);
  map.at = in.reader.size("at").value_or(0);
  const std::size_t size = std::max(map.bytes.size(), map.gives.values.size());
  if (map.length == 0) in.reader.error(Code::out_of_range, "length", "a mapping has at least one byte");
  if (map.at > map.length || size > map.length - map.at)
    in.reader.error(Code::out_of_range, in.reader.has("at") ? "at" : "path",
                    fmt::format("the bytes are beyond the end of the mapping of {} bytes", map.length));
  return map.path;
}

StepKind kind_of(const wire::Poll &) {
  return {.name = "poll",
          .summary = "Opens a file of the guest and waits until poll() reports that it is ready.",
          .short_key = "path",
          .table = &poll_table(),
          .example = "poll: {path: /dev/my_device, is: readable, within: 2s}"};
}

std::optional<std::string> read(wire::Poll &poll, StepInput &in) {
  poll.path = in.reader.guest_path("path").value_or("");
  poll.absent = in.reader.boolean("absent").value_or(false);
  for (const std::string &word : in.reader.choices("is")) poll.events |= poll_events().at(word);
  if (poll.events == 0) poll.events = POLLIN;
  return poll.path;
}

}  // namespace kmodtest::plan
