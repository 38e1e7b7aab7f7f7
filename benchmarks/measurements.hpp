// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "bench.hpp"
#include "table.hpp"

/// One function per table; README.md explains the tables. Each throws std::runtime_error if a program that it runs
/// fails.
namespace kmodtest::bench {

Table measure_plan(Bench &bench);
Table measure_reset(Bench &bench);
Table measure_restore(Bench &bench);
Table measure_plans(Bench &bench);
Table measure_phases(Bench &bench);
Table measure_repeat(Bench &bench);
Table measure_memory(Bench &bench);
Table measure_first(Bench &bench);
Table measure_modes(Bench &bench);
Table measure_boots(Bench &bench);
Table measure_digests(Bench &bench);
Table measure_cpus(Bench &bench);
Table measure_push(Bench &bench);
Table measure_vng(Bench &bench);
Table measure_html(Bench &bench);
Table measure_tracing(Bench &bench);
Table measure_coverage(Bench &bench);
Table measure_races(Bench &bench);
Table measure_race_order(Bench &bench);
Table measure_races_found(Bench &bench);
Table measure_explore(Bench &bench);
Table measure_replays(Bench &bench);
Table measure_plain_runs(Bench &bench);
Table measure_twins(Bench &bench);
Table measure_watch(Bench &bench);
Table measure_shards(Bench &bench);
Table measure_hosts(Bench &bench);
Table measure_merge(Bench &bench);
Table measure_nodes(Bench &bench);
Table measure_machines(Bench &bench);

}  // namespace kmodtest::bench
