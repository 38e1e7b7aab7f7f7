#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command without address space randomisation where the machine lets us: the sanitizers of Debian 12 do not start
# reliably on kernels that randomise with more than 28 bits. Containers may refuse the call; then it runs as it is.
if setarch -R true 2>/dev/null; then exec setarch -R "$@"; fi
exec "$@"
