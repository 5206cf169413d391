/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logon - whether this host takes part, and whether it acts by itself (A11). */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/talk.h"

static int logon(struct context *context, int count, char **args);
static int logoff(struct context *context, int count, char **args);
static int suspend(struct context *context, int count, char **args);
static int resume(struct context *context, int count, char **args);

const struct command cmd_logon = {
	.name = "logon",
	.args = "",
	.summary = "log this host on and mount its volumes",
	.run = logon,
};

const struct command cmd_logoff = {
	.name = "logoff",
	.args = "",
	.summary = "give write access up, unmount everything, log this host off",
	.run = logoff,
};

const struct command cmd_suspend = {
	.name = "suspend",
	.args = "",
	.summary = "refresh, answer and mount nothing until resumed",
	.run = suspend,
};

const struct command cmd_resume = {
	.name = "resume",
	.args = "",
	.summary = "end a suspension",
	.run = resume,
};

static int logon(struct context *context, int count, char **args)
{
	(void)count;
	(void)args;
	return talk_and_tell(context, "logon", NULL, "this host is logged on");
}

static int logoff(struct context *context, int count, char **args)
{
	(void)count;
	(void)args;
	return talk_and_tell(context, "logoff", NULL, "this host is logged off");
}

static int suspend(struct context *context, int count, char **args)
{
	(void)count;
	(void)args;
	return talk_and_tell(context, "suspend", NULL,
			     "suspended: signs of life and protection go on, nothing else");
}

static int resume(struct context *context, int count, char **args)
{
	(void)count;
	(void)args;
	return talk_and_tell(context, "resume", NULL, "resumed");
}
