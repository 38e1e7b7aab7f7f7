// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/choices.hpp"

namespace kmodtest::plan {

const char *channel_name(Channel channel) {
  switch (channel) {
    case Channel::memory:
      return "memory";
    case Channel::virtio:
      return "virtio";
    case Channel::serial:
      return "serial";
  }
  return "memory";
}

const char *time_name(Time time) {
  switch (time) {
    case Time::automatic:
      return "";
    case Time::virtual_time:
      return "virtual";
    case Time::real_time:
      return "real";
  }
  return "";
}

Time time_of(std::string_view word) {
  if (word == "virtual" || word == "deterministic") return Time::virtual_time;
  return word == "real" ? Time::real_time : Time::automatic;
}

Channel channel_of(std::string_view word) {
  for (const Channel channel : {Channel::virtio, Channel::serial})
    if (word == channel_name(channel)) return channel;
  return Channel::memory;
}

Races races_of(std::string_view word) {
  if (word == "order") return Races::order;
  return word == "true" || word == "meet" ? Races::meet : Races::none;
}

const char *races_name(Races races) {
  switch (races) {
    case Races::none:
      break;
    case Races::meet:
      return "meet";
    case Races::order:
      return "order";
  }
  return "";
}

ExpectedVerdict expected_verdict_of(std::string_view word) {
  if (word == "crashed") return ExpectedVerdict::crashed;
  if (word == "hung") return ExpectedVerdict::hung;
  if (word == "leaked") return ExpectedVerdict::leaked;
  if (word == "failed") return ExpectedVerdict::failed;
  if (word == "errored") return ExpectedVerdict::errored;
  return ExpectedVerdict::passed;
}

}  // namespace kmodtest::plan
