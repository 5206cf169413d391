#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_failing - a control device that fails, hangs, goes and comes while hosts use it.

exec "$(dirname "$0")/host_trouble.sh" failing
