// SPDX-License-Identifier: GPL-2.0-or-later

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/// "12.3 ms", of seconds.
export function duration(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 1e-6) return `${(seconds * 1e9).toFixed(0)} ns`;
  if (seconds < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${digits(seconds * 1e3)} ms`;
  return `${digits(seconds)} s`;
}

/// The same of nanoseconds.
export function nanoseconds(time) {
  return duration(time / 1e9);
}

/// A moment of the guest's clock as dmesg writes it, of nanoseconds.
export function moment(time) {
  return `${(time / 1e9).toFixed(6)} s`;
}
