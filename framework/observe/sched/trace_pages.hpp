// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "wire/message.hpp"

namespace kmodtest::observe {

/// One event of a trace buffer, undecoded.
struct RawEvent {
  std::uint64_t time = 0;  ///< of the trace's clock, nanoseconds
  std::uint32_t cpu = 0;
  std::string_view data;  ///< as the event's format file describes it; possibly a few bytes of padding longer
};

/// Adds the events of pages from trace_pipe_raw to `events`; their data stay in `pages`. Increases `missed` by the
/// number of events that a page reports as lost before it (by one if it does not report how many).
///
/// The pages are from a guest whose kernel might be broken: throws base::Error for invalid ones, and never reads
/// outside of them. (That is why libtraceevent's kbuffer is not used here: it trusts the lengths. The tests compare
/// with it.)
///
/// Source: kernel, include/linux/ring_buffer.h and kernel/trace/ring_buffer.c (enum ring_buffer_type, rb_data_page).
void read_trace_pages(const wire::TracePages &pages, std::vector<RawEvent> &events, std::uint64_t &missed);

}  // namespace kmodtest::observe
