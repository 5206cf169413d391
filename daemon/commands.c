/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * commands - what can be said on the control socket (protocol.h): one table, one
 * function for each kind of answer.  Messages are checked here; what they do is decided by the
 * core.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/auto.h"
#include "daemon/log.h"
#include "daemon/server.h"
#include "daemon/status.h"

#define PEERS_FRESH_MS 1000	/* beats read within that are not read again for a screen */
#define PEERS_WAIT_MS 40	/* some dozens of reads of a slow disk */
#define PEERS_PROOF_MS 1500	/* a beat, and some: who lives has shown it by then */
#define JOINS_WAIT_MS 5000

enum volume_argument { VOLUME_NONE, VOLUME_OPTIONAL, VOLUME_REQUIRED };

/* One message, taken apart. */
struct message {
	struct client *client;
	int64_t id;
	json_object *arguments;		/* NULL: none */
	const struct command *command;
	struct cluster *cluster;	/* NULL: all, where the command allows it */
	uint16_t volume;		/* SLOT_NONE */
	bool administrator;
	const char *password;
};

struct command {
	const char *name;
	enum volume_argument volume;
	bool administrator;
	bool all_clusters;		/* makes sense for all at once */
	enum host_command_kind kind;	/* for run = order */
	void (*run)(struct message *message);
};

/* --- arguments ---------------------------------------------------------------- */

static const char *argument_string(const struct message *message, const char *name)
{
	json_object *value;

	if (!message->arguments ||
	    !json_object_object_get_ex(message->arguments, name, &value) ||
	    !json_object_is_type(value, json_type_string) ||
	    strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return NULL;
	return json_object_get_string(value);
}

static int64_t argument_number(const struct message *message, const char *name)
{
	json_object *value;

	if (!message->arguments ||
	    !json_object_object_get_ex(message->arguments, name, &value) ||
	    !json_object_is_type(value, json_type_int))
		return 0;
	return json_object_get_int64(value);
}

static bool argument_bool(const struct message *message, const char *name)
{
	json_object *value;

	return message->arguments &&
	       json_object_object_get_ex(message->arguments, name, &value) &&
	       json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

static void refuse_usage(const struct message *message, const char *what)
{
	client_error(message->client, message->id, "usage", EXIT_USAGE, NULL, "%s: %s",
		     message->command->name, what);
}

/* A text argument into @buffer; a bad one is refused. */
static bool take_text(const struct message *message, char buffer[TEXT_BYTES_MAX + 1])
{
	const char *text = argument_string(message, "text");

	buffer[0] = '\0';
	if (!text && !json_object_object_get_ex(message->arguments, "text", NULL))
		return true;
	if (!text || !text_is_valid(text, strlen(text))) {
		client_error(message->client, message->id, "bad-text", EXIT_USAGE, NULL,
			     "a text is at most %d bytes of UTF-8 without control characters",
			     TEXT_BYTES_MAX);
		return false;
	}
	snprintf(buffer, TEXT_BYTES_MAX + 1, "%s", text);
	return true;
}

/* --- which cluster, which volume -------------------------------------------------- */

/*
 * Only within the file system of /dev: a path of somebody's choice could lead to one that
 * hangs, and with it the loop.
 */
static bool device_stat(const char *path, struct stat *ret_stat)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	AUTO_CLOSE int folder = -1;
	AUTO_CLOSE int fd = -1;

	if (strncmp(path, "/dev/", 5) != 0)
		return false;
	folder = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	fd = (int)syscall(SYS_openat2, folder, path + 5, &how, sizeof(how));
	return fd >= 0 && fstat(fd, ret_stat) == 0;
}

static uint16_t volume_by_device(const struct cluster *cluster, const char *path)
{
	struct stat wanted, have;

	if (!device_stat(path, &wanted) || !S_ISBLK(wanted.st_mode))
		return SLOT_NONE;
	for (uint16_t i = 0; i < cluster->tables->volume_count; i++)
		if (cluster->host->volumes[i].device[0] &&
		    stat(cluster->host->volumes[i].device, &have) == 0 &&
		    have.st_rdev == wanted.st_rdev)
			return i;
	return SLOT_NONE;
}

static uint16_t volume_in(const struct cluster *cluster, const char *name)
{
	uint16_t slot;

	if (!cluster->tables)
		return SLOT_NONE;
	slot = tables_volume_find(cluster->tables, name);
	if (slot == SLOT_NONE)
		slot = tables_volume_by_uuid(cluster->tables, name);
	return slot != SLOT_NONE ? slot : volume_by_device(cluster, name);
}

static void refuse_ambiguous(struct message *message, const char *name)
{
	struct server *server = message->client->server;
	json_object *names = json_object_new_array();
	json_object *error = error_object("ambiguous", EXIT_USAGE, name,
					  "more than one cluster has it: say CLUSTER/NAME");
	char full[2 * PATH_BYTES_MAX];

	for (unsigned int i = 0; i < server->cluster_count; i++) {
		if (volume_in(server->clusters[i], name) == SLOT_NONE)
			continue;
		snprintf(full, sizeof(full), "%s/%s", cluster_name(server->clusters[i]), name);
		json_object_array_add(names, json_object_new_string(full));
	}
	json_object_object_add(error, "names", names);
	client_error_object(message->client, message->id, error);
}

/* Why there is nothing to ask: no tables are known of any cluster that is meant. */
static bool no_tables(struct message *message)
{
	struct server *server = message->client->server;
	const char *problem = "";

	for (unsigned int i = 0; i < server->cluster_count; i++) {
		struct cluster *cluster = server->clusters[i];

		if (message->cluster && message->cluster != cluster)
			continue;
		if (cluster->tables)
			return false;
		problem = cluster->problem;
	}
	client_error(message->client, message->id, "control-device", EXIT_UNREACHABLE, NULL, "%s",
		     problem[0] ? problem : server->cluster_count ?
		     "the tables are not read yet: try again" :
		     "no control device is configured: name one in [tables] of volctl.conf");
	return true;
}

static bool find_volume(struct message *message)
{
	struct server *server = message->client->server;
	const char *name = argument_string(message, "volume");
	struct cluster *only = message->cluster;
	unsigned int found = 0;

	message->volume = SLOT_NONE;
	if (!name && message->command->volume == VOLUME_REQUIRED) {
		refuse_usage(message, "the argument volume is missing");
		return false;
	}
	if (!name)
		return true;
	for (unsigned int i = 0; i < server->cluster_count; i++) {
		struct cluster *cluster = server->clusters[i];
		uint16_t slot;

		if (message->cluster && message->cluster != cluster)
			continue;
		slot = volume_in(cluster, name);
		if (slot == SLOT_NONE)
			continue;
		if (found++ > 0) {
			refuse_ambiguous(message, name);
			return false;
		}
		message->volume = slot;
		only = cluster;
	}
	if (found == 0)
		client_error(message->client, message->id, "no-such-volume", EXIT_NO_SUCH, name,
			     "the tables have no volume '%s'; see 'volctl volumes'", name);
	message->cluster = only;
	return found > 0;
}

static bool find_cluster(struct message *message, json_object *object)
{
	struct server *server = message->client->server;
	json_object *value;
	const char *name;

	if (!json_object_object_get_ex(object, "cluster", &value))
		return true;
	name = json_object_get_string(value);
	for (unsigned int i = 0; i < server->cluster_count; i++)
		if (name && (name_same(cluster_name(server->clusters[i]), name) ||
			     strcmp(server->clusters[i]->path, name) == 0))
			message->cluster = server->clusters[i];
	if (!message->cluster)
		client_error(message->client, message->id, "no-such-cluster", EXIT_NO_SUCH, name,
			     "this host is in no cluster named '%s'; see 'volctl status'",
			     name ? name : "");
	return message->cluster != NULL;
}

/* For what is about one cluster: the one named, or the only one, or the one with that request. */
static bool settle_cluster(struct message *message)
{
	struct server *server = message->client->server;
	uint64_t request = (uint64_t)argument_number(message, "request");
	unsigned int found = 0;

	if (message->cluster || message->command->all_clusters)
		return true;
	for (unsigned int i = 0; i < server->cluster_count; i++) {
		struct cluster *cluster = server->clusters[i];

		if (server->cluster_count > 1 && request &&
		    (!cluster->tables || !tables_request_const(cluster->tables, request)))
			continue;
		message->cluster = cluster;
		found++;
	}
	if (found == 1)
		return true;
	client_error(message->client, message->id, found ? "ambiguous" : "no-such-request",
		     found ? EXIT_USAGE : EXIT_NO_SUCH, NULL, "%s", found ?
		     "this host is in several clusters: say which with --cluster" :
		     "there is no such request");
	return false;
}

/* --- who may ------------------------------------------------------------------ */

static bool is_allowed(struct message *message)
{
	struct client *client = message->client;
	const struct config *config = client->server->config;

	message->administrator = client->peer.administrator;
	if (!message->administrator && message->password) {
		switch (auth_password(&client->server->gate, config->admin_password,
				      message->password, clock_boot_ms())) {
		case PASSWORD_RIGHT:
			log_info("%s gave the administrator password", client->peer.person);
			message->administrator = true;
			break;
		case PASSWORD_WRONG:
			log_warn("%s gave a wrong administrator password", client->peer.person);
			client_error(client, message->id, "password-wrong", EXIT_NOT_PERMITTED,
				     NULL, "the administrator password is wrong");
			return false;
		case PASSWORD_TOO_SOON:
			client_error(client, message->id, "password-too-soon", EXIT_NOT_PERMITTED,
				     NULL, "too many wrong passwords: one try every 30 s");
			return false;
		case PASSWORD_NONE_SET:
			break;
		}
	}
	if (!message->command->administrator || message->administrator)
		return true;
	if (config->admin_password[0])
		client_error(client, message->id, "password-needed", EXIT_NOT_PERMITTED, NULL,
			     "'%s' is for administrators: give their password",
			     message->command->name);
	else
		client_error(client, message->id, "not-permitted", EXIT_NOT_PERMITTED, NULL,
			     "'%s' is for administrators: root and the group volctl-admin",
			     message->command->name);
	return false;
}

/* --- orders to the core ---------------------------------------------------------- */

static void fill_command(const struct message *message, uint64_t token,
			 struct host_command *command)
{
	command->kind = message->command->kind;
	command->token = token;
	command->volume = message->volume;
	command->request = (uint64_t)argument_number(message, "request");
	command->wait = argument_bool(message, "wait");
	command->over_readers = argument_bool(message, "over_readers");
	command->administrator = message->administrator;
	command->now_s = clock_wall_s();
	snprintf(command->person, sizeof(command->person), "%s", message->client->peer.person);
}

static struct call *begin_call(const struct message *message)
{
	struct call *call = call_new(message->client, message->id, message->cluster,
				     message->command);

	if (call && message->volume != SLOT_NONE)
		snprintf(call->volume, sizeof(call->volume), "%s",
			 message->cluster->tables->volumes[message->volume].name);
	return call;
}

/* A call, and the order to be given for it.  NULL: refused, and the client has been told. */
static struct call *begin_order(struct message *message, struct host_command *command)
{
	struct call *call;

	*command = (struct host_command){ 0 };
	if (!take_text(message, command->text))
		return NULL;
	call = begin_call(message);
	if (call)
		fill_command(message, call->token, command);
	return call;
}

static void run_order(struct message *message)
{
	struct host_command command;

	if (begin_order(message, &command))
		cluster_command(message->cluster, &command);
}

static void run_answer(struct message *message)
{
	const char *answer = argument_string(message, "answer");
	struct host_command command;

	if (!answer || (strcmp(answer, "yes") != 0 && strcmp(answer, "no") != 0)) {
		refuse_usage(message, "the argument answer must be \"yes\" or \"no\"");
		return;
	}
	if (!begin_order(message, &command))
		return;
	command.yes = strcmp(answer, "yes") == 0;
	cluster_command(message->cluster, &command);
}

static void run_release(struct message *message)
{
	if (message->volume == SLOT_NONE && !argument_bool(message, "all"))
		refuse_usage(message, "say which volume, or all");
	else
		run_order(message);
}

/* Who says that a host is down must mean the writer: another one's death proves nothing. */
static void run_takeover(struct message *message)
{
	const struct tables *tables = message->cluster->tables;
	const struct volume_row *row = &tables->volumes[message->volume];
	const char *down = argument_string(message, "host_is_down");
	uint16_t host = down ? tables_host_find(tables, down) : SLOT_NONE;

	if (down && host == SLOT_NONE)
		client_error(message->client, message->id, "no-such-host", EXIT_NO_SUCH, down,
			     "the tables have no host '%s'; see 'volctl hosts'", down);
	else if (down && (row->phase == PHASE_FREE || row->writer.host != host))
		client_error(message->client, message->id, "not-writer", EXIT_FAILED, down,
			     "'%s' is not the writer of %s: see 'volctl status %s'", down,
			     row->name, row->name);
	else
		run_order(message);
}

static void run_run(struct message *message)
{
	struct host_command command;
	struct call *call = begin_order(message, &command);

	if (!call)
		return;
	call->run = true;
	command.run = true;
	command.wait = true;
	cluster_command(message->cluster, &command);
}

static void run_done(struct message *message)
{
	int64_t run_id = argument_number(message, "run");
	struct server *server = message->client->server;
	struct host_command command = { 0 };
	struct call *run = server->calls, *call;

	while (run && !(run->client == message->client && run->run && run->id == run_id))
		run = run->next;
	if (!run) {
		client_error(message->client, message->id, "no-such-run", EXIT_NO_SUCH, NULL,
			     "no run %lld is under way on this connection", (long long)run_id);
		return;
	}
	message->cluster = run->cluster;
	call = begin_call(message);
	if (!call)
		return;
	fill_command(message, call->token, &command);
	command.run_token = run->token;
	call_end(server, run);
	cluster_command(message->cluster, &command);
}

/* --- changes of the tables --------------------------------------------------------- */

/* What would come of it: everything is checked, nothing changed. */
static void dry_run(struct message *message, const struct change *change)
{
	const struct tables *tables = message->cluster->tables;
	struct change dry = *change;
	struct outcome outcome;
	struct tables *next = calloc(1, sizeof(*next));
	struct host_answer answer = { .version = tables->version };
	struct call call = { .client = message->client, .id = message->id,
			     .cluster = message->cluster, .command = message->command };

	if (!next) {
		client_error(message->client, message->id, "no-memory", EXIT_FAILED, NULL,
			     "out of memory");
		return;
	}
	dry.host = message->cluster->host->slot;
	dry.incarnation = message->cluster->host->config.incarnation;
	dry.sequence = UINT64_MAX;
	rule_apply(tables, &dry, next, &outcome);
	host_answer_of(&outcome, &answer);
	if (answer.exit == EXIT_DONE) {
		size_t size = form_print(next, false, NULL, 0) + 1;
		char *text = malloc(size);
		json_object *result = json_object_new_object();

		if (text)
			form_print(next, false, text, size);
		if (text)
			text[size - 1] = '\0';
		json_object_object_add(result, "version",
				       json_object_new_int64((int64_t)tables->version));
		json_object_object_add(result, "changed", json_object_new_boolean(answer.changed));
		json_object_object_add(result, "text", json_object_new_string(text ? text : ""));
		client_result(message->client, message->id, result);
		free(text);
	} else {
		command_answered(&call, &answer);
	}
	free(next);
}

static void order_change(struct message *message, const struct change *change, const char *form)
{
	struct host_command command = { 0 };
	struct call *call;

	if (argument_bool(message, "dry_run")) {
		struct change dry = *change;

		dry.administrator = true;
		dry_run(message, &dry);
		return;
	}
	call = begin_call(message);
	if (!call)
		return;
	fill_command(message, call->token, &command);
	command.kind = COMMAND_CHANGE;
	command.change = *change;
	command.change.administrator = true;
	if (form) {
		call->form = strdup(form);
		command.change.form = call->form;
	}
	cluster_command(message->cluster, &command);
}

static void run_import(struct message *message)
{
	const char *text = argument_string(message, "text");
	struct change change = {
		.kind = CHANGE_FORM,
		.form_mode = FORM_WHOLE,
		.base_version = (uint64_t)argument_number(message, "version"),
	};

	if (!text) {
		refuse_usage(message, "the argument text is missing");
		return;
	}
	change.form = text;
	change.form_len = strlen(text);
	order_change(message, &change, text);
}

static void run_set(struct message *message)
{
	const char *text = argument_string(message, "text");
	const char *mode = argument_string(message, "mode");
	struct change change = { .kind = CHANGE_FORM };

	if (!text || !mode || (strcmp(mode, "add") != 0 && strcmp(mode, "set") != 0)) {
		refuse_usage(message,
			     "the arguments text and mode (\"add\" or \"set\") are needed");
		return;
	}
	change.form_mode = strcmp(mode, "add") == 0 ? FORM_ADD : FORM_SET;
	change.form = text;
	change.form_len = strlen(text);
	order_change(message, &change, text);
}

static bool take_name(struct message *message, const char *argument, char name[NAME_BYTES_MAX + 1])
{
	const char *value = argument_string(message, argument);

	if (!value || !name_is_valid(value)) {
		refuse_usage(message, "a name of a host or volume is missing or not valid");
		return false;
	}
	snprintf(name, NAME_BYTES_MAX + 1, "%s", value);
	return true;
}

static void run_remove(struct message *message)
{
	bool host = argument_string(message, "host") != NULL;
	struct change change = {
		.kind = host ? CHANGE_REMOVE_HOST : CHANGE_REMOVE_VOLUME,
		.free_slot = argument_bool(message, "free_slot"),
	};

	if (take_name(message, host ? "host" : "volume", change.name))
		order_change(message, &change, NULL);
}

/* --- joining ------------------------------------------------------------------------ */

static void read_joins(struct message *message, const char *name)
{
	struct call *call = begin_call(message);

	if (!call)
		return;
	if (name)
		snprintf(call->volume, sizeof(call->volume), "%s", name);
	call->due_ms = clock_boot_ms() + JOINS_WAIT_MS;
	(void)cluster_read_joins(message->cluster);
}

static void run_joins(struct message *message)
{
	read_joins(message, NULL);
}

/*
 * A row that is there: its next machine is trusted.  None: one is made for the machine that
 * asked.
 */
static void run_approve(struct message *message)
{
	struct change change = { .kind = CHANGE_TRUST_MACHINE };

	if (!take_name(message, "host", change.name))
		return;
	if (tables_host_find(message->cluster->tables, change.name) != SLOT_NONE)
		order_change(message, &change, NULL);
	else
		read_joins(message, change.name);
}

static void run_reject(struct message *message)
{
	char name[NAME_BYTES_MAX + 1];

	if (take_name(message, "host", name))
		read_joins(message, name);
}

static json_object *joins_json(const struct join joins[JOIN_SLOTS])
{
	json_object *result = json_object_new_object(), *list = json_object_new_array();
	char machine[33];

	for (unsigned int i = 0; i < JOIN_SLOTS; i++) {
		json_object *join;

		if (!joins[i].name[0])
			continue;
		for (int j = 0; j < 16; j++)
			snprintf(machine + 2 * j, 3, "%02x", joins[i].machine.bytes[j]);
		join = json_object_new_object();
		json_object_object_add(join, "name", json_object_new_string(joins[i].name));
		json_object_object_add(join, "machine", json_object_new_string(machine));
		json_object_object_add(join, "asked", status_time(joins[i].asked_s));
		json_object_array_add(list, join);
	}
	json_object_object_add(result, "joins", list);
	return result;
}

static void approve(struct call *call, const struct join *join)
{
	struct host_command command = {
		.kind = COMMAND_CHANGE,
		.token = call->token,
		.volume = SLOT_NONE,
		.administrator = true,
		.change = { .kind = CHANGE_APPROVE, .machine = join->machine,
			    .administrator = true },
	};

	call->due_ms = UINT64_MAX;
	snprintf(command.change.name, sizeof(command.change.name), "%s", join->name);
	(void)cluster_clear_join(call->cluster, &join->machine);
	cluster_command(call->cluster, &command);
}

void command_joins(struct call *call, const struct join joins[JOIN_SLOTS])
{
	struct client *client = call->client;
	const struct join *found = NULL;

	if (!client || call->command->run == run_joins) {
		if (client)
			client_result(client, call->id, joins_json(joins));
	} else if (call->command->run == run_approve || call->command->run == run_reject) {
		for (unsigned int i = 0; i < JOIN_SLOTS && !found; i++)
			if (name_same(joins[i].name, call->volume))
				found = &joins[i];
		if (found && call->command->run == run_approve) {
			approve(call, found);
			return;
		}
		if (found && cluster_clear_join(call->cluster, &found->machine) == 0)
			client_result(client, call->id, json_object_new_object());
		else
			client_error(client, call->id, "no-such-host", EXIT_NO_SUCH, call->volume,
				     "no machine of that name has asked to join");
	} else {
		return;
	}
	if (client)
		call_end(client->server, call);
	else
		call->due_ms = 0;	/* server_tick() ends it */
}

/* --- looking ------------------------------------------------------------------------- */

static json_object *looked(const struct command *command, const struct cluster *cluster,
			   uint16_t volume);

static json_object *look_at_all(const struct server *server, const struct command *command)
{
	json_object *result = json_object_new_object(), *list = json_object_new_array();

	for (unsigned int i = 0; i < server->cluster_count; i++)
		json_object_array_add(list, looked(command, server->clusters[i], SLOT_NONE));
	json_object_object_add(result, "format", json_object_new_int(1));
	json_object_object_add(result, "clusters", list);
	return result;
}

/* Listings of several clusters are one list: each row says its cluster. */
static json_object *list_all(const struct server *server, const struct command *command)
{
	json_object *result = NULL, *rows, *more;

	for (unsigned int i = 0; i < server->cluster_count; i++) {
		json_object *one;

		if (!server->clusters[i]->tables)
			continue;
		one = looked(command, server->clusters[i], SLOT_NONE);
		if (!result) {
			result = one;
			continue;
		}
		rows = json_object_object_get(result, command->name);
		more = json_object_object_get(one, command->name);
		for (size_t j = 0; rows && more && j < json_object_array_length(more); j++)
			json_object_array_add(rows, json_object_get(
				json_object_array_get_idx(more, j)));
		json_object_put(one);
	}
	return result;
}

static void look_now(struct client *client, int64_t id, const struct command *command,
		     const struct cluster *cluster, uint16_t volume)
{
	const struct server *server = client->server;

	if (!cluster && server->cluster_count == 1)
		cluster = server->clusters[0];
	if (cluster)
		client_result(client, id, looked(command, cluster, volume));
	else if (strcmp(command->name, "status") == 0)
		client_result(client, id, look_at_all(server, command));
	else
		client_result(client, id, list_all(server, command));
}

/* Whoever looks wants to know how the others are: their beats are read first, unless just done. */
static void run_look(struct message *message)
{
	struct server *server = message->client->server;
	uint64_t now_ms = clock_boot_ms();
	bool fresh = true;
	struct call *call;

	for (unsigned int i = 0; i < server->cluster_count; i++) {
		if (message->cluster && message->cluster != server->clusters[i])
			continue;
		if (now_ms - server->clusters[i]->peers_read_ms < PEERS_FRESH_MS)
			continue;
		cluster_read_peers(server->clusters[i]);
		fresh = false;
	}
	if (fresh) {
		look_now(message->client, message->id, message->command, message->cluster,
			 message->volume);
		return;
	}
	call = begin_call(message);
	if (!call)
		return;
	call->due_ms = now_ms + PEERS_WAIT_MS;
	call->patience_ms = now_ms + PEERS_PROOF_MS;
}

static void run_list(struct message *message)
{
	look_now(message->client, message->id, message->command, message->cluster, message->volume);
}

static void run_export(struct message *message)
{
	const struct tables *tables = message->cluster->tables;
	bool comments = argument_bool(message, "comments");
	size_t size = form_print(tables, comments, NULL, 0) + 1;
	json_object *result = json_object_new_object();
	char *text = malloc(size);

	if (text) {
		form_print(tables, comments, text, size);
		text[size - 1] = '\0';
	}
	json_object_object_add(result, "text", json_object_new_string(text ? text : ""));
	json_object_object_add(result, "version", json_object_new_int64((int64_t)tables->version));
	client_result(message->client, message->id, result);
	free(text);
}

static void run_watch(struct message *message)
{
	struct client *client = message->client;

	client->watching = true;
	client->watch_id = message->id;
	client->watch_volume[0] = '\0';
	if (message->volume != SLOT_NONE)
		snprintf(client->watch_volume, sizeof(client->watch_volume), "%s",
			 message->cluster->tables->volumes[message->volume].name);
}

static void run_metrics(struct message *message)
{
	struct server *server = message->client->server;
	char *text = status_metrics(server->clusters, server->cluster_count);
	json_object *result = json_object_new_object();

	json_object_object_add(result, "text", json_object_new_string(text ? text : ""));
	client_result(message->client, message->id, result);
	free(text);
}

static void run_hello(struct message *message)
{
	struct server *server = message->client->server;
	json_object *result = json_object_new_object(), *names = json_object_new_array();

	for (unsigned int i = 0; i < server->cluster_count; i++)
		json_object_array_add(names,
				      json_object_new_string(cluster_name(server->clusters[i])));
	json_object_object_add(result, "version", json_object_new_string(PACKAGE_VERSION));
	json_object_object_add(result, "host", json_object_new_string(server->config->name));
	json_object_object_add(result, "clusters", names);
	client_result(message->client, message->id, result);
}

/* --- the table ----------------------------------------------------------------------- */

static const struct command commands[] = {
	{ .name = "hello", .all_clusters = true, .run = run_hello },
	{ .name = "status", .volume = VOLUME_OPTIONAL, .all_clusters = true, .run = run_look },
	{ .name = "volumes", .volume = VOLUME_OPTIONAL, .all_clusters = true, .run = run_look },
	{ .name = "hosts", .all_clusters = true, .run = run_look },
	{ .name = "requests", .all_clusters = true, .run = run_list },
	{ .name = "access", .all_clusters = true, .run = run_list },
	{ .name = "metrics", .all_clusters = true, .run = run_metrics },
	{ .name = "watch", .volume = VOLUME_OPTIONAL, .all_clusters = true, .run = run_watch },
	{ .name = "export", .run = run_export },
	{ .name = "request", .volume = VOLUME_REQUIRED, .kind = COMMAND_REQUEST, .run = run_order },
	{ .name = "run", .volume = VOLUME_REQUIRED, .kind = COMMAND_REQUEST, .run = run_run },
	{ .name = "done", .all_clusters = true, .kind = COMMAND_DONE, .run = run_done },
	{ .name = "cancel", .kind = COMMAND_CANCEL, .run = run_order },
	{ .name = "answer", .kind = COMMAND_ANSWER, .run = run_answer },
	{ .name = "release", .volume = VOLUME_OPTIONAL, .kind = COMMAND_RELEASE,
	  .run = run_release },
	{ .name = "refresh", .volume = VOLUME_OPTIONAL, .kind = COMMAND_REFRESH, .run = run_order },
	{ .name = "publish", .volume = VOLUME_OPTIONAL, .kind = COMMAND_PUBLISH, .run = run_order },
	{ .name = "mount", .volume = VOLUME_REQUIRED, .kind = COMMAND_MOUNT, .run = run_order },
	{ .name = "unmount", .volume = VOLUME_REQUIRED, .kind = COMMAND_UNMOUNT, .run = run_order },
	{ .name = "logon", .administrator = true, .kind = COMMAND_LOGON, .run = run_order },
	{ .name = "logoff", .administrator = true, .kind = COMMAND_LOGOFF, .run = run_order },
	{ .name = "suspend", .administrator = true, .kind = COMMAND_SUSPEND, .run = run_order },
	{ .name = "resume", .administrator = true, .kind = COMMAND_RESUME, .run = run_order },
	{ .name = "takeover", .volume = VOLUME_REQUIRED, .administrator = true,
	  .kind = COMMAND_TAKEOVER, .run = run_takeover },
	{ .name = "import", .administrator = true, .run = run_import },
	{ .name = "set", .administrator = true, .run = run_set },
	{ .name = "remove", .administrator = true, .run = run_remove },
	{ .name = "approve", .administrator = true, .run = run_approve },
	{ .name = "reject", .administrator = true, .run = run_reject },
	{ .name = "joins", .administrator = true, .run = run_joins },
};

static json_object *looked(const struct command *command, const struct cluster *cluster,
			   uint16_t volume)
{
	if (strcmp(command->name, "status") == 0)
		return status_json(cluster, volume);
	if (strcmp(command->name, "volumes") == 0)
		return status_volumes(cluster, volume);
	if (strcmp(command->name, "hosts") == 0)
		return status_hosts(cluster);
	if (strcmp(command->name, "requests") == 0)
		return status_requests(cluster);
	return status_access(cluster);
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool needs_tables(const struct command *command)
{
	return command->run != run_hello && strcmp(command->name, "status") != 0 &&
	       command->run != run_metrics && command->run != run_done;
}

static bool take_apart(struct message *message, json_object *object)
{
	json_object *value;

	message->id = json_object_object_get_ex(object, "id", &value) ?
		      json_object_get_int64(value) : 0;
	if (!json_object_object_get_ex(object, "volctl", &value) ||
	    json_object_get_int64(value) != PROTOCOL_VERSION) {
		client_error(message->client, message->id, "bad-version", EXIT_USAGE, NULL,
			     "a message begins with {\"volctl\":%d,...", PROTOCOL_VERSION);
		return false;
	}
	if (json_object_object_get_ex(object, "arguments", &value)) {
		if (!json_object_is_type(value, json_type_object)) {
			client_error(message->client, message->id, "bad-message", EXIT_USAGE, NULL,
				     "the arguments are not an object");
			return false;
		}
		message->arguments = value;
	}
	if (json_object_object_get_ex(object, "password", &value))
		message->password = json_object_get_string(value);
	message->command = json_object_object_get_ex(object, "command", &value) ?
			   command_find(json_object_get_string(value)) : NULL;
	if (!message->command)
		client_error(message->client, message->id, "no-such-command", EXIT_USAGE, NULL,
			     "there is no such command");
	return message->command != NULL;
}

void command_message(struct client *client, json_object *object)
{
	struct message message = { .client = client, .volume = SLOT_NONE };

	if (!take_apart(&message, object) || !find_cluster(&message, object) ||
	    (needs_tables(message.command) && no_tables(&message)) ||
	    (message.command->volume != VOLUME_NONE && !find_volume(&message)) ||
	    !settle_cluster(&message) || !is_allowed(&message))
		return;
	if (message.cluster && !message.cluster->tables && needs_tables(message.command)) {
		(void)no_tables(&message);
		return;
	}
	message.command->run(&message);
}

/* --- answers ------------------------------------------------------------------------- */

static json_object *errors_json(const struct form_errors *errors)
{
	json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < errors->count && i < CONF_ERRORS_MAX; i++) {
		const struct conf_error *error = &errors->errors[i];
		json_object *item = json_object_new_object();

		json_object_object_add(item, "line", json_object_new_int64(error->line));
		json_object_object_add(item, "column", json_object_new_int64(error->column));
		json_object_object_add(item, "text", json_object_new_string(error->text));
		json_object_array_add(list, item);
	}
	return list;
}

static void answer_error(struct call *call, const struct host_answer *answer)
{
	const char *object = answer->object[0] ? answer->object : call->volume;
	json_object *error = error_object(answer->code, answer->exit, object, answer->message);

	if (answer->request)
		json_object_object_add(error, "request",
				       json_object_new_int64((int64_t)answer->request));
	if (answer->holder_count)
		json_object_object_add(error, "holders",
				       status_holders(answer->holders, answer->holder_count));
	if (answer->errors.count)
		json_object_object_add(error, "errors", errors_json(&answer->errors));
	client_error_object(call->client, call->id, error);
}

static json_object *refreshed_json(const struct call *call)
{
	const struct cluster *cluster = call->cluster;
	json_object *result = json_object_new_object();
	json_object *refreshed = json_object_new_array(), *busy = json_object_new_array();

	for (uint16_t i = 0; i < cluster->tables->volume_count; i++) {
		const struct host_volume *local = &cluster->host->volumes[i];
		json_object *item;

		if (cluster->tables->volumes[i].state != ROW_USED ||
		    (call->volume[0] && !name_same(call->volume, local->name)))
			continue;
		if (!local->view_held) {
			if (local->mounted == MOUNTED_VIEW)
				json_object_array_add(refreshed,
						      json_object_new_string(local->name));
			continue;
		}
		item = json_object_new_object();
		json_object_object_add(item, "volume", json_object_new_string(local->name));
		json_object_object_add(item, "holders",
				       status_holders(local->holders, local->holder_count));
		json_object_array_add(busy, item);
	}
	json_object_object_add(result, "refreshed", refreshed);
	json_object_object_add(result, "busy", busy);
	return result;
}

static json_object *published_json(const struct call *call)
{
	const struct cluster *cluster = call->cluster;
	json_object *result = json_object_new_object(), *list = json_object_new_array();

	for (uint16_t i = 0; i < cluster->tables->volume_count; i++) {
		const struct host_volume *local = &cluster->host->volumes[i];
		json_object *item;

		if (!host_is_writer(cluster->host, i) ||
		    (call->volume[0] && !name_same(call->volume, local->name)))
			continue;
		item = json_object_new_object();
		json_object_object_add(item, "volume", json_object_new_string(local->name));
		json_object_object_add(item, "generation",
				       json_object_new_int64((int64_t)local->published));
		json_object_array_add(list, item);
	}
	json_object_object_add(result, "published", list);
	return result;
}

static json_object *request_json(const struct host_answer *answer)
{
	json_object *result = json_object_new_object();

	if (answer->request)
		json_object_object_add(result, "request",
				       json_object_new_int64((int64_t)answer->request));
	json_object_object_add(result, "state", json_object_new_string(answer->code));
	json_object_object_add(result, "message",
			       answer->message[0] ? json_object_new_string(answer->message) : NULL);
	json_object_object_add(result, "had_access", json_object_new_boolean(answer->had_access));
	return result;
}

static json_object *answer_result(const struct call *call, const struct host_answer *answer)
{
	json_object *result;

	switch (call->command->kind) {
	case COMMAND_REQUEST:
		if (call->command->run == run_order || call->command->run == run_run)
			return request_json(answer);
		break;			/* kind 0 of what is no order: below */
	case COMMAND_REFRESH:
		return refreshed_json(call);
	case COMMAND_PUBLISH:
		return published_json(call);
	case COMMAND_DONE:
		result = json_object_new_object();
		json_object_object_add(result, "given_up",
				       json_object_new_boolean(answer->given_up));
		json_object_object_add(result, "holders",
				       status_holders(answer->holders, answer->holder_count));
		return result;
	case COMMAND_TAKEOVER:
		result = json_object_new_object();
		json_object_object_add(result, "epoch",
				       json_object_new_int64((int64_t)answer->version));
		return result;
	case COMMAND_CANCEL:
	case COMMAND_ANSWER:
	case COMMAND_RELEASE:
	case COMMAND_MOUNT:
	case COMMAND_UNMOUNT:
	case COMMAND_LOGON:
	case COMMAND_LOGOFF:
	case COMMAND_SUSPEND:
	case COMMAND_RESUME:
	case COMMAND_CHANGE:
		break;
	}
	result = json_object_new_object();
	json_object_object_add(result, "version", json_object_new_int64((int64_t)answer->version));
	json_object_object_add(result, "changed", json_object_new_boolean(answer->changed));
	return result;
}

static json_object *posted_event(const struct call *call, const struct host_answer *answer)
{
	json_object *event = request_json(answer);

	json_object_object_add(event, "kind", json_object_new_string("request-posted"));
	json_object_object_add(event, "time", status_time(clock_wall_s()));
	json_object_object_add(event, "volume", json_object_new_string(call->volume));
	return event;
}

void command_answered(struct call *call, const struct host_answer *answer)
{
	if (answer->interim)
		client_event(call->client, call->id, posted_event(call, answer));
	else if (answer->exit != EXIT_DONE)
		answer_error(call, answer);
	else
		client_result(call->client, call->id, answer_result(call, answer));
}

static bool some_unproven(const struct cluster *cluster)
{
	for (uint16_t i = 0; cluster->tables && i < cluster->tables->host_count; i++)
		if (cluster->tables->hosts[i].state == ROW_USED &&
		    cluster->tables->hosts[i].logged_on &&
		    host_peer_state(cluster->host, i) == PEER_UNKNOWN)
			return true;
	return false;
}

/* One read of a beat proves nothing: who lists hosts waits until the next, but not for ever. */
static bool look_again(struct call *call)
{
	const struct server *server = call->client->server;
	bool unproven = false;

	for (unsigned int i = 0; i < server->cluster_count; i++) {
		if ((call->cluster && call->cluster != server->clusters[i]) ||
		    !some_unproven(server->clusters[i]))
			continue;
		cluster_read_peers(server->clusters[i]);
		unproven = true;
	}
	if (!unproven || clock_boot_ms() >= call->patience_ms)
		return false;
	call->due_ms = clock_boot_ms() + 2 * PEERS_WAIT_MS;
	return true;
}

/* The time of a call that asks the disk first has come. */
void command_due(struct call *call)
{
	struct server *server = call->client->server;
	uint16_t volume;

	if (strcmp(call->command->name, "hosts") == 0 && look_again(call))
		return;
	if (call->command->run == run_look) {
		volume = call->cluster && call->volume[0] ?
			 tables_volume_find(call->cluster->tables, call->volume) : SLOT_NONE;
		look_now(call->client, call->id, call->command, call->cluster, volume);
	} else {
		client_error(call->client, call->id, "control-device", EXIT_UNREACHABLE, NULL,
			     "the control device does not answer");
	}
	call_end(server, call);
}
