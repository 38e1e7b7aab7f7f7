#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command without address space randomisation if the machine permits it: the sanitizers of Debian 12 do not start
# reliably on kernels that randomise with more than 28 bits. If a container refuses the call, the command runs unchanged.
if setarch -R true 2>/dev/null; then exec setarch -R "$@"; fi
exec "$@"
