/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "daemon/host_internal.h"

static struct news *news_new(struct host *host)
{
	unsigned int at;

	if (host->news_count == HOST_NEWS_MAX) {
		host->news_first = (host->news_first + 1) % HOST_NEWS_MAX;
		host->news_count--;
	}
	at = (host->news_first + host->news_count++) % HOST_NEWS_MAX;
	host->news[at] = (struct news){ .volume = SLOT_NONE, .host = SLOT_NONE };
	return &host->news[at];
}

void host_tell(struct host *host, enum news_kind kind, uint16_t volume, const char *text)
{
	struct news *news = news_new(host);

	news->kind = kind;
	news->volume = volume;
	snprintf(news->text, sizeof(news->text), "%s", text ? text : "");
}

void host_tell_request(struct host *host, enum news_kind kind, const struct request_row *row)
{
	struct news *news = news_new(host);

	news->kind = kind;
	news->volume = row->volume;
	news->host = row->from;
	news->request = row->id;
	snprintf(news->text, sizeof(news->text), "%s",
		 kind == NEWS_REQUEST_POSTED ? row->text : row->answer);
}

static enum news_kind news_of_state(enum request_state state)
{
	switch (state) {
	case REQUEST_WAITING:
		return NEWS_REQUEST_POSTED;
	case REQUEST_GRANTED:
		return NEWS_REQUEST_GRANTED;
	case REQUEST_REFUSED:
		return NEWS_REQUEST_REFUSED;
	case REQUEST_TIMED_OUT:
		return NEWS_REQUEST_TIMED_OUT;
	case REQUEST_CANCELLED:
		return NEWS_REQUEST_CANCELLED;
	}
	return NEWS_WARNING;
}

static void news_of_requests(struct host *host, const struct tables *before)
{
	for (uint16_t i = 0; i < host->tables->request_count; i++) {
		const struct request_row *row = &host->tables->requests[i];
		const struct request_row *old = tables_request_const(before, row->id);

		if (!old || old->state != row->state)
			host_tell_request(host, news_of_state(row->state), row);
	}
}

static void news_of_hosts(struct host *host, const struct tables *before)
{
	for (uint16_t i = 0; i < host->tables->host_count; i++) {
		bool was = i < before->host_count && before->hosts[i].logged_on;
		bool is = host->tables->hosts[i].logged_on;

		if (was == is)
			continue;
		host_tell(host, is ? NEWS_HOST_LOGGED_ON : NEWS_HOST_LOGGED_OFF, SLOT_NONE,
			  host->tables->hosts[i].name);
		host->news[(host->news_first + host->news_count - 1) % HOST_NEWS_MAX].host = i;
	}
}

static void news_of_writers(struct host *host, const struct tables *before)
{
	for (uint16_t i = 0; i < host->tables->volume_count; i++) {
		const struct volume_row *row = &host->tables->volumes[i];
		const struct volume_row *old = &before->volumes[i];
		bool known = i < before->volume_count && old->born == row->born;
		uint64_t was = known && old->phase != PHASE_FREE ? old->writer.epoch : 0;
		uint64_t is = row->phase != PHASE_FREE ? row->writer.epoch : 0;

		if (row->state != ROW_USED || was == is)
			continue;
		host_tell(host, NEWS_WRITER_CHANGED, i,
			  is ? host->tables->hosts[row->writer.host].name : "nobody");
	}
}

void host_news_of_tables(struct host *host, const struct tables *before)
{
	host_tell(host, NEWS_TABLES_CHANGED, SLOT_NONE, NULL);
	if (!before)
		return;
	news_of_hosts(host, before);
	news_of_writers(host, before);
	news_of_requests(host, before);
}

bool host_next_news(struct host *host, struct host_action *action)
{
	if (host->news_count == 0)
		return false;
	action->kind = HOST_ACT_NEWS;
	action->news = host->news[host->news_first];
	host->news_first = (host->news_first + 1) % HOST_NEWS_MAX;
	host->news_count--;
	return true;
}

const char *news_kind_text(enum news_kind kind)
{
	switch (kind) {
	case NEWS_REQUEST_POSTED:
		return "request-posted";
	case NEWS_REQUEST_GRANTED:
		return "request-granted";
	case NEWS_REQUEST_REFUSED:
		return "request-refused";
	case NEWS_REQUEST_TIMED_OUT:
		return "request-timed-out";
	case NEWS_REQUEST_CANCELLED:
		return "request-cancelled";
	case NEWS_WRITER_CHANGED:
		return "writer-changed";
	case NEWS_MOUNTED:
		return "mounted";
	case NEWS_UNMOUNTED:
		return "unmounted";
	case NEWS_VIEW_REFRESHED:
		return "view-refreshed";
	case NEWS_VIEW_BUSY:
		return "view-busy";
	case NEWS_PUBLISHED:
		return "published";
	case NEWS_MOUNT_FAILED:
		return "mount-failed";
	case NEWS_TABLES_CHANGED:
		return "tables-changed";
	case NEWS_CONTROL_SILENT:
		return "control-silent";
	case NEWS_CONTROL_BACK:
		return "control-back";
	case NEWS_HOST_LOGGED_ON:
		return "host-logged-on";
	case NEWS_HOST_LOGGED_OFF:
		return "host-logged-off";
	case NEWS_ACCESS_LOST:
		return "access-lost";
	case NEWS_STATE:
		return "state";
	case NEWS_WARNING:
		return "warning";
	}
	return "warning";
}
