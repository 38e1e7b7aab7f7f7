// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/sched/trace_pages.hpp"

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <traceevent/event-parse.h>
extern "C" {  // missing in this header itself
#include <traceevent/kbuffer.h>
}

#include "base/error.hpp"
#include "observe/sched/sched_events.hpp"
#include "unit/observe/recorded_trace.hpp"

namespace kmodtest::observe {
namespace {

using namespace std::string_literals;

template <class Number>
std::string number(Number value) {
  return {reinterpret_cast<const char *>(&value), sizeof value};
}

/// Returns the header of an event: type_len and the nanoseconds since the event before.
std::string head(std::uint32_t type, std::uint32_t delta) {
  return number<std::uint32_t>(type | delta << 5);
}

std::string page(std::uint64_t time, const std::string &events, std::uint32_t flags = 0) {
  return number(time) + number<std::uint64_t>(static_cast<std::uint32_t>(events.size()) | flags) + events;
}

struct Read {
  std::vector<RawEvent> events;
  std::uint64_t missed = 0;
};

Read read(const wire::TracePages &pages) {
  Read all;
  read_trace_pages(pages, all.events, all.missed);
  return all;
}

std::string problem_of(const std::string &bytes) {
  try {
    read({3, {bytes}});
  } catch (const base::Error &error) {
    return error.what();
  }
  return "no error";
}

TEST(TracePages, AddsUpTheTimes) {
  const wire::TracePages pages{2,
                               {page(1000, head(1, 5) + "abcd" + head(2, 0) + "efghijkl" + head(30, 1) +
                                               number<std::uint32_t>(1) + head(1, 2) + "mnop"),
                                page(9000, head(31, 7) + number<std::uint32_t>(2) + head(1, 0) + "qrst")}};
  const auto [events, missed] = read(pages);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].time, 1005u);
  EXPECT_EQ(events[0].cpu, 2u);
  EXPECT_EQ(events[0].data, "abcd");
  EXPECT_EQ(events[1].time, 1005u);
  EXPECT_EQ(events[1].data, "efghijkl");
  EXPECT_EQ(events[2].time, 1005u + (1u << 27) + 1 + 2);
  EXPECT_EQ(events[3].time, (2u << 27) + 7);  // an absolute time
  EXPECT_EQ(missed, 0u);
}

TEST(TracePages, TakesTheLengthThatIsWrittenOut) {
  // The length includes itself; the next item begins at a whole word.
  const wire::TracePages pages{
      0, {page(0, head(0, 1) + number<std::uint32_t>(4 + 5) + "12345\0\0\0"s + head(1, 1) + "abcd")}};
  const auto [events, missed] = read(pages);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].data, "12345");
  EXPECT_EQ(events[1].data, "abcd");
}

TEST(TracePages, PassesOverEventsThatWereTakenBackAndEndsAtTheUnusedRest) {
  const wire::TracePages pages{
      0, {page(0, head(29, 3) + number<std::uint32_t>(8) + "gone" + head(1, 1) + "abcd" + head(29, 0) + "rubbish!")}};
  const auto [events, missed] = read(pages);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].time, 4u);
}

TEST(TracePages, CountsWhatWasMissed) {
  constexpr std::uint32_t kMissed = 1u << 31, kStored = 1u << 30;
  EXPECT_EQ(read({0, {page(0, head(1, 0) + "abcd", kMissed)}}).missed, 1u);
  EXPECT_EQ(read({0, {page(0, head(1, 0) + "abcd", kMissed | kStored) + number<std::uint64_t>(41)}}).missed, 41u);
  EXPECT_EQ(read({0, {page(0, "", kMissed), page(0, "", kMissed)}}).missed, 2u);
}

TEST(TracePages, RefusesWhatCannotBe) {
  EXPECT_EQ(problem_of("short"), "a page of CPU 3's trace is damaged: it has 5 bytes");
  EXPECT_EQ(problem_of(page(0, head(1, 0) + "abcd").substr(0, 20)),
            "a page of CPU 3's trace is damaged: it claims to have 24 bytes, but has 20");
  EXPECT_EQ(problem_of(page(0, head(2, 0) + "abcd")),
            "a page of CPU 3's trace is damaged: its event at 16 has 8 bytes, of 8");
  EXPECT_EQ(problem_of(page(0, "abc")), "a page of CPU 3's trace is damaged: it ends in the middle of the event at 16");
  EXPECT_EQ(problem_of(page(0, head(0, 0) + number<std::uint32_t>(0xfffffff0) + "abcd")),
            "a page of CPU 3's trace is damaged: its event at 16 has 4294967280 bytes, of 12");
  EXPECT_EQ(problem_of(page(0, head(0, 0) + number<std::uint32_t>(2) + "abcd")),
            "a page of CPU 3's trace is damaged: its event at 16 has 2 bytes, of 12");
  EXPECT_EQ(problem_of(page(0, head(29, 1) + number<std::uint32_t>(0))),
            "a page of CPU 3's trace is damaged: its event at 16 has 0 bytes, of 8");
  EXPECT_EQ(problem_of(page(0, head(30, 1))),
            "a page of CPU 3's trace is damaged: it ends in the middle of the event at 20");
}

/// Reads the same pages and formats with libtraceevent.
class Oracle {
 public:
  explicit Oracle(const wire::TraceStarted &started) {
    for (const std::string &format : started.formats) {
      EXPECT_EQ(tep_parse_event(tep_.get(), format.data(), format.size(), "sched"), TEP_ERRNO__SUCCESS);
    }
  }
  /// Returns for each event its time, its name and a field of it.
  std::vector<std::string> read(const std::string &page, const char *field) {
    // libtraceevent needs whole pages.
    std::array<char, 8192> bytes{};
    std::copy(page.begin(), page.end(), bytes.begin());
    kbuffer_load_subbuffer(buffer_.get(), bytes.data());
    std::vector<std::string> events;
    unsigned long long time = 0;
    for (void *data = kbuffer_read_event(buffer_.get(), &time); data != nullptr;
         data = kbuffer_next_event(buffer_.get(), &time)) {
      tep_record record{};
      record.data = data;
      record.size = kbuffer_event_size(buffer_.get());
      tep_event *event = tep_find_event_by_record(tep_.get(), &record);
      if (event == nullptr) continue;
      unsigned long long value = 0;
      if (tep_get_field_val(nullptr, event, field, &record, &value, 0) != 0) continue;
      events.push_back(std::to_string(time) + " " + event->name + " " + std::to_string(value));
    }
    return events;
  }

 private:
  std::unique_ptr<tep_handle, decltype(&tep_free)> tep_{tep_alloc(), &tep_free};
  std::unique_ptr<kbuffer, decltype(&kbuffer_free)> buffer_{kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE),
                                                            &kbuffer_free};
};

class Recorded : public testing::TestWithParam<const char *> {};

TEST_P(Recorded, PagesAreReadAsLibtraceeventReadsThem) {
  const auto reports = recorded_trace(GetParam());
  const wire::TraceStarted *started = nullptr;
  std::vector<std::string> wakes, switches;
  std::vector<std::string> their_wakes, their_switches;
  for (const auto &report : reports) {
    if (const auto *begun = std::get_if<wire::TraceStarted>(&report)) started = begun;
    const auto *pages = std::get_if<wire::TracePages>(&report);
    if (pages == nullptr) continue;
    ASSERT_NE(started, nullptr);
    Oracle oracle(*started);
    const SchedFormats formats(started->formats);
    for (const std::string &page : pages->pages) {
      for (const std::string &event : oracle.read(page, "target_cpu")) their_wakes.push_back(event);
      for (const std::string &event : oracle.read(page, "prev_state")) their_switches.push_back(event);
    }
    for (const RawEvent &raw : read(*pages).events) {
      const auto event = formats.decode(raw);
      ASSERT_TRUE(event.has_value());
      const std::string time = std::to_string(event->time);
      if (event->kind == SchedEvent::Kind::woken) wakes.push_back(time + " sched_wakeup " + std::to_string(event->cpu));
      if (event->kind == SchedEvent::Kind::started)
        wakes.push_back(time + " sched_wakeup_new " + std::to_string(event->cpu));
      if (event->kind == SchedEvent::Kind::switched)
        switches.push_back(time + " sched_switch " + std::to_string(event->state));
    }
  }
  EXPECT_GT(wakes.size(), 2u);
  EXPECT_GT(switches.size(), 5u);
  EXPECT_EQ(wakes, their_wakes);
  EXPECT_EQ(switches, their_switches);
}

INSTANTIATE_TEST_SUITE_P(Traces, Recorded, testing::Values("two-threads-6.1", "hotplug-6.1"));

}  // namespace
}  // namespace kmodtest::observe
