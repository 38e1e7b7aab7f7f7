#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Is the device for volume_knob: creates it with /dev/uhid, and turns the knob by the notches that arrive as lines in
# /tmp/turns. Ends with the line "unplug". Kernel: include/uapi/linux/uhid.h.
set -e

zeros() {
	head -c "$1" /dev/zero
}

# A report descriptor of one input report: one signed byte.
descriptor='\005\001\011\070\241\001\025\201\045\177\165\010\225\001\011\070\201\006\300'

# UHID_CREATE2: name, phys, uniq, size of the descriptor, bus 3 (USB), vendor 0x1209, product 1, version, country.
create() {
	printf '\013\000\000\000'
	printf 'knob'
	zeros $((124 + 64 + 64))
	printf '\023\000\003\000\011\022\000\000\001\000\000\000'
	zeros 8
	printf "$descriptor"
}

# UHID_INPUT2: the size of the report, the report.
turn() {
	printf '\014\000\000\000\001\000'
	printf "\\$(printf '%03o' $(($1 & 255)))"
}

rm -f /tmp/turns
mkfifo /tmp/turns
exec 3<>/dev/uhid 4<>/tmp/turns
create >/tmp/create
cat /tmp/create >&3
while read -r notches <&4 && [ "$notches" != unplug ]; do
	turn "$notches" >/tmp/turn
	cat /tmp/turn >&3
done
