/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * volctld - the daemon: options, identity, and the loop around clusters and
 * server.  See volctld(8).
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/hooks.h"
#include "daemon/log.h"
#include "daemon/server.h"
#include "daemon/status.h"
#include "daemon/worker.h"

#define DESCRIPTORS 4096	/* CLIENTS_MAX, and room */
#define STOP_LIMIT_MS 30000	/* within the 90 s that init systems give */

struct options {
	const char *config;
	const char *socket;
	const char *state_dir;
	const char *run_dir;
	bool foreground;
};

struct daemon {
	struct options options;
	struct config config;
	struct loop loop;
	struct source signals;
	struct source mounts;		/* mountinfo: an exceptional event at every change */
	struct worker_pool *workers;
	struct hooks *hooks;
	struct devices *devices;
	struct source devices_source;
	bool scanning;
	bool scan_again;
	bool devices_reopen;		/* the configuration names others */
	struct server server;
	bool serving;
	struct cluster *clusters[CONFIG_DEVICES_MAX];
	unsigned int cluster_count;
	bool ready_said;
	bool stopping;
	bool clean;
};

/* --- options ------------------------------------------------------------------ */

static void usage(FILE *out)
{
	fputs("Usage: volctld [--config FILE] [--socket PATH] [--state-dir DIR] [--run-dir DIR]\n"
	      "               [--foreground]\n"
	      "\n"
	      "Controls who may write to shared volumes.  See volctld(8).\n"
	      "\n"
	      "      --config FILE     read FILE instead of " SYSCONFDIR "/volctl/volctl.conf\n"
	      "      --socket PATH     the control socket\n"
	      "      --state-dir DIR   what outlives a reboot\n"
	      "      --run-dir DIR     what does not\n"
	      "      --foreground      stay, log to stderr, say 'ready' when logged on\n"
	      "      --help            this text\n"
	      "      --version         the version\n", out);
}

static bool take_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "state-dir", required_argument, NULL, 'S' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 's':
			options->socket = optarg;
			break;
		case 'S':
			options->state_dir = optarg;
			break;
		case 'r':
			options->run_dir = optarg;
			break;
		case 'f':
			options->foreground = true;
			break;
		case 'h':
			usage(stdout);
			exit(EXIT_DONE);
		case 'V':
			puts("volctld " PACKAGE_VERSION);
			exit(EXIT_DONE);
		default:
			return false;
		}
	}
	if (optind < argc)
		fprintf(stderr, "volctld: unexpected argument '%s'\n", argv[optind]);
	return optind == argc;
}

static void report(const char *line, void *data)
{
	(void)data;
	log_err("%s", line);
}

static bool set_path(char *to, size_t size, const char *from)
{
	if (!from)
		return true;
	return snprintf(to, size, "%s", from) < (int)size;
}

/* As in the file, the socket goes with the run-dir unless somebody said where it is. */
static bool move_socket(const struct options *options, struct config *config)
{
	char derived[sizeof(config->run_dir) + sizeof("/control")];

	snprintf(derived, sizeof(derived), "%s/control", config->run_dir);
	if (!options->run_dir || options->socket || strcmp(config->socket, derived) != 0)
		return true;
	return snprintf(config->socket, sizeof(config->socket), "%s/control",
			options->run_dir) < (int)sizeof(config->socket);
}

static int read_config(const struct options *options, struct config *config)
{
	int r;

	config_defaults(config);
	r = config_read(config, options->config, report, NULL);
	if (r < 0)
		return r;
	if (!move_socket(options, config)) {
		log_err("--run-dir is too long for a control socket in it: give --socket as well");
		return -ENAMETOOLONG;
	}
	if (set_path(config->socket, sizeof(config->socket), options->socket) &&
	    set_path(config->state_dir, sizeof(config->state_dir), options->state_dir) &&
	    set_path(config->run_dir, sizeof(config->run_dir), options->run_dir))
		return 0;
	log_err("a path on the command line is too long");
	return -ENAMETOOLONG;
}

/* --- who we are ------------------------------------------------------------------ */

static bool id_from_file(const char *path, struct id128 *ret_id)
{
	FILE *file = fopen(path, "re");
	unsigned int digits = 0;
	int c;

	if (!file)
		return false;
	*ret_id = (struct id128){ { 0 } };
	while (digits < 32 && (c = fgetc(file)) != EOF) {
		const char *hex = "0123456789abcdef", *at = c ? strchr(hex, c) : NULL;

		if (c == '-')
			continue;
		if (!at)
			break;
		ret_id->bytes[digits / 2] |= (uint8_t)((at - hex) << (digits % 2 ? 0 : 4));
		digits++;
	}
	fclose(file);
	return digits == 32;
}

static bool identify(struct cluster_owner *owner)
{
	if (!id_from_file("/etc/machine-id", &owner->machine)) {
		log_err("/etc/machine-id: can not be read or is not 32 hexadecimal digits: it "
			"tells "
			"this machine from others; see machine-id(5)");
		return false;
	}
	if (!id_from_file("/proc/sys/kernel/random/boot_id", &owner->boot)) {
		log_err("/proc/sys/kernel/random/boot_id: can not be read");
		return false;
	}
	return true;
}

/* Before there is any thread. */
static int detach(void)
{
	return daemon(0, 0);
}

static bool make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return true;
	log_err("%s: can not be made: %s", path, strerror(errno));
	return false;
}

/* --- devices ---------------------------------------------------------------------- */

static void scan_devices(struct daemon *daemon);

static void devices_ready(struct source *source, uint32_t events)
{
	struct daemon *daemon = (struct daemon *)((char *)source -
						  offsetof(struct daemon, devices_source));

	(void)events;
	/* The worker has the devices to itself: what came meanwhile is looked at after it. */
	if (daemon->scanning) {
		loop_remove(&daemon->loop, source);
		daemon->scan_again = true;
	} else if (devices_changed(daemon->devices)) {
		scan_devices(daemon);
	}
}

struct scan {
	struct daemon *daemon;
	struct devices *devices;	/* NULL: open them first */
	const char *globs[CONFIG_ALLOW_MAX + 1];
	char allow[CONFIG_ALLOW_MAX][PATH_BYTES_MAX + 1];
	int fd;
	int r;
};

static void scan_work(void *argument)
{
	struct scan *scan = argument;

	if (scan->devices)
		scan->r = devices_scan(scan->devices);
	else
		scan->r = devices_open(scan->globs, &scan->devices, &scan->fd);
}

static void scan_done(void *argument)
{
	struct scan *scan = argument;
	struct daemon *daemon = scan->daemon;

	daemon->scanning = false;
	if (scan->r < 0)
		log_err("the devices can not be looked at: %s", strerror(-scan->r));
	if (!daemon->devices && scan->devices)
		daemon->devices_source = (struct source){ .fd = scan->fd, .ready = devices_ready };
	daemon->devices = scan->devices;
	free(scan);
	if (daemon->devices && !daemon->devices_source.added)
		(void)loop_add(&daemon->loop, &daemon->devices_source, EPOLLIN);
	for (unsigned int i = 0; i < daemon->cluster_count; i++) {
		daemon->clusters[i]->owner.devices = daemon->devices;
		cluster_devices_changed(daemon->clusters[i]);
	}
	if (daemon->scan_again || daemon->devices_reopen)
		scan_devices(daemon);
}

/* In a worker: a device may hang.  Until it has ended nobody here looks at them. */
static void scan_devices(struct daemon *daemon)
{
	struct scan *scan;

	if (daemon->scanning) {
		daemon->scan_again = true;
		return;
	}
	if (daemon->devices && daemon->devices_reopen) {
		loop_remove(&daemon->loop, &daemon->devices_source);
		devices_close(daemon->devices);
		daemon->devices = NULL;
	}
	daemon->devices_reopen = false;
	daemon->scan_again = false;
	scan = calloc(1, sizeof(*scan));
	if (!scan)
		return;
	scan->daemon = daemon;
	scan->devices = daemon->devices;
	for (unsigned int i = 0; i < daemon->config.allow_count; i++) {
		memcpy(scan->allow[i], daemon->config.allow[i], sizeof(scan->allow[i]));
		scan->globs[i] = scan->allow[i];
	}
	for (unsigned int i = 0; i < daemon->cluster_count; i++)
		daemon->clusters[i]->owner.devices = NULL;
	daemon->scanning = true;
	if (worker_run(daemon->workers, scan_work, scan_done, scan) < 0) {
		daemon->scanning = false;
		free(scan);
	}
}

/* --- what the clusters and hooks tell ------------------------------------------------ */

static void on_answered(struct cluster *cluster, const struct host_answer *answer, void *data)
{
	server_answered(&((struct daemon *)data)->server, cluster, answer);
}

static void on_news(struct cluster *cluster, const struct news *news, void *data)
{
	struct daemon *daemon = data;

	server_news(&daemon->server, cluster, news);
	if (daemon->config.notify[0] && news->kind != NEWS_STATE &&
	    news->kind != NEWS_TABLES_CHANGED) {
		json_object *event = status_event(cluster, news);

		hooks_notify(daemon->hooks, daemon->config.notify,
			     json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN));
		json_object_put(event);
	}
}

static void on_joins(struct cluster *cluster, const struct join joins[JOIN_SLOTS], void *data)
{
	server_joins(&((struct daemon *)data)->server, cluster, joins);
}

static void on_stopped(struct cluster *cluster, bool clean, void *data)
{
	struct daemon *daemon = data;

	if (clean)
		log_info("%s: logged off", cluster_name(cluster));
	else
		log_err("%s: not logged off in time: what this host has mounted stays, and nobody "
			"takes its volumes over until volctld has been started here again",
			cluster_name(cluster));
	daemon->clean = daemon->clean && clean;
	for (unsigned int i = 0; i < daemon->cluster_count; i++)
		if (!daemon->clusters[i]->stopped)
			return;
	daemon->loop.ended = true;
}

static void on_hook(const struct hook_question *question, bool yes, const char *text, void *data)
{
	struct host_event event = {
		.kind = HOST_EV_HOOK,
		.volume = question->volume,
		.request = question->request,
		.yes = yes,
		.text = text,
	};

	(void)data;
	cluster_step(question->asker, &event);
}

/* --- signals -------------------------------------------------------------------------- */

static void stop(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	log_info("stopping: logging off");
	daemon->stopping = true;
	daemon->clean = true;
	daemon->loop.ended = daemon->cluster_count == 0;
	for (unsigned int i = 0; i < daemon->cluster_count; i++)
		cluster_stop(daemon->clusters[i], STOP_LIMIT_MS);
}

/* What can change while running does; control devices, name and paths need a restart. */
static void reload(struct daemon *daemon)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config || read_config(&daemon->options, config) < 0) {
		log_err("the configuration is not taken: nothing has changed");
		free(config);
		return;
	}
	log_set_level(config->log_level);
	memcpy(daemon->config.admin_password, config->admin_password,
	       sizeof(config->admin_password));
	memcpy(daemon->config.notify, config->notify, sizeof(config->notify));
	memcpy(daemon->config.may_give, config->may_give, sizeof(config->may_give));
	daemon->config.hook_timeout_ms = config->hook_timeout_ms;
	daemon->config.lockout_changes = config->lockout_changes;
	memcpy(daemon->config.allow, config->allow, sizeof(config->allow));
	daemon->config.allow_count = config->allow_count;
	for (unsigned int i = 0; i < daemon->cluster_count; i++) {
		daemon->clusters[i]->host->config.has_hook = config->may_give[0] != '\0';
		daemon->clusters[i]->host->config.lockout_changes = config->lockout_changes;
	}
	free(config);
	daemon->devices_reopen = true;
	scan_devices(daemon);
	log_info("the configuration has been read again");
}

static void signals_ready(struct source *source, uint32_t events)
{
	struct daemon *daemon = (struct daemon *)((char *)source -
						  offsetof(struct daemon, signals));
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			stop(daemon);
			break;
		case SIGHUP:
			reload(daemon);
			break;
		case SIGUSR1:
			log_dump_ring();
			break;
		case SIGCHLD:
			hooks_review(daemon->hooks);
			break;
		default:
			break;
		}
	}
}

static int catch_signals(struct daemon *daemon)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	daemon->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon->signals.ready = signals_ready;
	return daemon->signals.fd < 0 ? -errno : loop_add(&daemon->loop, &daemon->signals, EPOLLIN);
}

/* --- mounts by others ------------------------------------------------------------------ */

static void mounts_ready(struct source *source, uint32_t events)
{
	struct daemon *daemon = (struct daemon *)((char *)source - offsetof(struct daemon, mounts));
	struct host_event event = { .kind = HOST_EV_MOUNTS };

	(void)events;
	for (unsigned int i = 0; i < daemon->cluster_count; i++)
		cluster_step(daemon->clusters[i], &event);
}

static int watch_mounts(struct daemon *daemon)
{
	daemon->mounts.ready = mounts_ready;
	daemon->mounts.fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	/* Edge by edge: the file stays readable all the time. */
	return daemon->mounts.fd < 0 ? -errno :
	       loop_add(&daemon->loop, &daemon->mounts, EPOLLPRI | EPOLLET);
}

/* --- the loop --------------------------------------------------------------------------- */

static void say_ready(struct daemon *daemon)
{
	for (unsigned int i = 0; i < daemon->cluster_count; i++)
		if (daemon->clusters[i]->host->phase != HOST_ONLINE)
			return;
	daemon->ready_said = true;
	if (!daemon->options.foreground)
		return;
	puts("ready");
	fflush(stdout);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int run(struct daemon *daemon)
{
	while (!daemon->loop.ended) {
		uint64_t wake_ms = earliest(server_wake_at(&daemon->server),
					    hooks_wake_at(daemon->hooks));
		int r;

		for (unsigned int i = 0; i < daemon->cluster_count; i++)
			wake_ms = earliest(wake_ms, cluster_wake_at(daemon->clusters[i]));
		r = loop_turn(&daemon->loop, wake_ms);
		if (r < 0)
			return r;
		for (unsigned int i = 0; i < daemon->cluster_count; i++)
			if (clock_boot_ms() >= cluster_wake_at(daemon->clusters[i]))
				cluster_tick(daemon->clusters[i]);
		if (clock_boot_ms() >= hooks_wake_at(daemon->hooks))
			hooks_review(daemon->hooks);
		server_tick(&daemon->server);
		if (!daemon->ready_said)
			say_ready(daemon);
	}
	return 0;
}

static int begin(struct daemon *daemon, struct cluster_owner *owner)
{
	int r = loop_open(&daemon->loop);

	if (r == 0)
		r = catch_signals(daemon);
	if (r == 0)
		r = watch_mounts(daemon);
	if (r < 0)
		return r;
	daemon->workers = worker_pool_new(&daemon->loop);
	daemon->hooks = hooks_new(&daemon->loop, on_hook, daemon);
	if (!daemon->workers || !daemon->hooks)
		return -ENOMEM;
	r = server_open(&daemon->server, &daemon->loop, &daemon->config);
	if (r < 0)
		return r;
	daemon->serving = true;
	owner->loop = &daemon->loop;
	owner->config = &daemon->config;
	owner->workers = daemon->workers;
	owner->hooks = daemon->hooks;
	owner->answered = on_answered;
	owner->news = on_news;
	owner->joins = on_joins;
	owner->stopped = on_stopped;
	owner->data = daemon;
	for (unsigned int i = 0; i < daemon->config.device_count; i++) {
		struct cluster *cluster = cluster_new(owner, daemon->config.devices[i]);

		if (!cluster)
			return -ENOMEM;
		daemon->clusters[daemon->cluster_count++] = cluster;
	}
	daemon->server.clusters = daemon->clusters;
	daemon->server.cluster_count = daemon->cluster_count;
	scan_devices(daemon);
	return 0;
}

static void end(struct daemon *daemon)
{
	if (daemon->serving)
		server_close(&daemon->server);
	for (unsigned int i = 0; i < daemon->cluster_count; i++)
		cluster_free(daemon->clusters[i]);
	hooks_free(daemon->hooks);
	if (!daemon->scanning)
		devices_close(daemon->devices);
	worker_pool_free(daemon->workers);
	if (daemon->signals.fd > 0)
		close(daemon->signals.fd);
	if (daemon->mounts.fd > 0)
		close(daemon->mounts.fd);
	loop_close(&daemon->loop);
}

/* One heap, given back at once: tables are large for a moment only (see disk.h). */
static void keep_memory_small(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_ARENA_MAX, 1);
}

/* Whoever may use the socket must not take the descriptors that mounts need. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	static struct daemon self;	/* too large for the stack */
	struct cluster_owner owner = { 0 };
	int r;

	if (!take_options(argc, argv, &self.options)) {
		fputs("Try 'volctld --help'.\n", stderr);
		return EXIT_USAGE;
	}
	keep_memory_small();
	allow_descriptors();
	log_open(1, LOG_INFO);
	if (read_config(&self.options, &self.config) < 0)
		return EXIT_FAILED;
	if (geteuid() != 0) {
		log_err("volctld mounts file systems: it must be started as root");
		return EXIT_NOT_PERMITTED;
	}
	if (self.config.device_count == 0) {
		log_err("no control device is configured: name one in [tables] of volctl.conf; "
			"'volctl format' makes one");
		return EXIT_FAILED;
	}
	if (!identify(&owner) || !make_folder(self.config.run_dir, 0755) ||
	    !make_folder(self.config.state_dir, 0700))
		return EXIT_FAILED;
	if (!self.options.foreground && detach() < 0) {
		log_err("can not go to the background: %s", strerror(errno));
		return EXIT_FAILED;
	}
	log_open(self.options.foreground, self.config.log_level);
	r = begin(&self, &owner);
	if (r == 0)
		r = run(&self);
	if (r < 0)
		log_err("volctld ends: %s", strerror(-r));
	end(&self);
	return r < 0 || !self.clean ? EXIT_FAILED : EXIT_DONE;
}
