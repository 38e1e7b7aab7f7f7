// SPDX-License-Identifier: GPL-2.0-or-later

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/// Formats seconds as "12.3 ms".
export function duration(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 1e-6) return `${(seconds * 1e9).toFixed(0)} ns`;
  if (seconds < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${digits(seconds * 1e3)} ms`;
  return `${digits(seconds)} s`;
}

/// Formats nanoseconds as "12.3 ms".
export function nanoseconds(time) {
  return duration(time / 1e9);
}

/// Formats nanoseconds of the guest's clock as dmesg does.
export function moment(time) {
  return `${(time / 1e9).toFixed(6)} s`;
}
