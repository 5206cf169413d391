/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entries - the commands of volctl, each defined at the head of its own file.
 */
#pragma once

#include "volctl/command.h"

extern const struct command cmd_access;
extern const struct command cmd_access_set;
extern const struct command cmd_answer;
extern const struct command cmd_cancel;
extern const struct command cmd_check;
extern const struct command cmd_dump;
extern const struct command cmd_edit;
extern const struct command cmd_export;
extern const struct command cmd_format;
extern const struct command cmd_host_add;
extern const struct command cmd_host_approve;
extern const struct command cmd_host_reject;
extern const struct command cmd_host_remove;
extern const struct command cmd_host_set;
extern const struct command cmd_hosts;
extern const struct command cmd_import;
extern const struct command cmd_logoff;
extern const struct command cmd_logon;
extern const struct command cmd_metrics;
extern const struct command cmd_mount;
extern const struct command cmd_publish;
extern const struct command cmd_refresh;
extern const struct command cmd_release;
extern const struct command cmd_request;
extern const struct command cmd_requests;
extern const struct command cmd_resume;
extern const struct command cmd_run;
extern const struct command cmd_status;
extern const struct command cmd_suspend;
extern const struct command cmd_takeover;
extern const struct command cmd_template;
extern const struct command cmd_unmount;
extern const struct command cmd_volume_add;
extern const struct command cmd_volume_disable;
extern const struct command cmd_volume_enable;
extern const struct command cmd_volume_remove;
extern const struct command cmd_volume_set;
extern const struct command cmd_volumes;
extern const struct command cmd_watch;
