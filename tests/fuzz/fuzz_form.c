/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as the text form of tables, in every mode.  What is accepted is
 * sound, keeps rights and live hosts, and printed and read again changes nothing.
 */
#include <string.h>

#include "tables/form.h"
#include "tables/sound.h"
#include "tests/fuzz/fuzz.h"

#define PRINT_BYTES (256 * 1024)

static const struct capacity capacity = { .hosts = 4, .volumes = 4, .access = 4 };
static const char base_text[] = "[cluster]\nname = studio\n[host a]\n[host b]\nanswer = auto\n"
				"[volume media]\nuuid = AA-01\nmount-point = /media\n"
				"[volume work]\nuuid = AA-02\nmount-point = /work\nprefer = b\n"
				"[access work b]\nwrite = never\n";

/* Host a is logged on and writes media. */
static const struct tables *base_tables(void)
{
	static struct tables base;
	struct form_errors errors;

	if (base.version > 0)
		return &base;
	tables_init(&base, &capacity);
	form_apply(&base, base_text, strlen(base_text), FORM_WHOLE, &errors);
	FUZZ_MUST(errors.count == 0);
	base.version = 5;
	base.hosts[0].logged_on = true;
	base.hosts[0].incarnation = 77;
	base.volumes[0].phase = PHASE_WRITING;
	base.volumes[0].writer = (struct right) { .host = 0, .incarnation = 77, .epoch = 4 };
	return &base;
}

static void check_kept(const struct tables *tables)
{
	const struct tables *base = base_tables();

	FUZZ_MUST(tables->hosts[0].state == ROW_USED && tables->hosts[0].logged_on);
	FUZZ_MUST(tables->volumes[0].state == ROW_USED);
	FUZZ_MUST(tables->volumes[0].born == base->volumes[0].born);
	FUZZ_MUST(right_same(&tables->volumes[0].writer, &base->volumes[0].writer));
	FUZZ_MUST(name_same(tables->volumes[0].uuid, base->volumes[0].uuid));
}

static void check_printed(const struct tables *tables, bool comments)
{
	static struct tables again;
	static char text[PRINT_BYTES];
	struct form_errors errors;
	size_t len = form_print(tables, comments, text, sizeof(text));

	FUZZ_MUST(len < sizeof(text));
	tables_copy(&again, tables);
	form_apply(&again, text, len, FORM_WHOLE, &errors);
	FUZZ_MUST(errors.count == 0);
	FUZZ_MUST(tables_same(&again, tables));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tables tables;
	bool accepted = false;

	for (enum form_mode mode = FORM_WHOLE; mode <= FORM_SET; mode++) {
		struct form_errors errors;

		tables_copy(&tables, base_tables());
		form_apply(&tables, (const char *)data, size, mode, &errors);
		if (errors.count > 0)
			continue;
		accepted = true;
		tables.version++;
		FUZZ_MUST(!tables_fault(&tables));
		check_kept(&tables);
		check_printed(&tables, false);
		check_printed(&tables, true);
	}
	fuzz_saw(accepted ? FUZZ_ACCEPTED : FUZZ_SENSELESS);
	return 0;
}

/* Heads of sections and the keys that may follow them, most of them right. */
static const struct {
	const char *heads[4];
	const char *keys[24];
} sections[] = {
	{ { "[host c]\n", "[host b]\n", "[host a]\n", "[host d]\n" },
	  { "valid = no\n", "answer = auto\n", "notify = no # x\n", "weight = 0.125\n",
	    "groups = x\ty\n", "domains = ALL z\n", "valid = perhaps\n" } },
	{ { "[volume new]\nuuid = 0b-1\nmount-point = /new\n", "[volume work]\n",
	    "[volume media]\n", "[volume last]\nuuid = 0b-2\nmount-point = '/v # \"w\"'\n" },
	  { "enabled = no\n",
	    "fencing = command cut\n",
	    "takeover = auto\n",
	    "fail-back = yes\n",
	    "fsck = after-takeover\n",
	    "min-hold = 0\n",
	    "busy-above = 7\n",
	    "answer-within = 90s\n",
	    "answer-default = yes\n",
	    "viewers = live\n",
	    "view-max = 2\n",
	    "view-max-age = 90m\n",
	    "snapshots-space = 7%\n",
	    "options = noatime,x=1\n",
	    "weight = 3\n",
	    "group = g\n",
	    "domains =\n",
	    "prefer = b\n",
	    "balance = yes\n",
	    "writer =\n",
	    "options = rw\n",
	    "uuid = AA-02\n" } },
	{ { "[access media b]\n", "[access work b]\n", "[access new c]\n", "[access work a]\n" },
	  { "mount = no\n", "write = never\n", "auto-update = no\n", "check-every = 10s\n" } },
	{ { "[cluster]\nname = other\n", "[cluster]\n", "# x\n", "\n" }, { "io-timeout = 2s\n" } },
};

static size_t append(uint8_t *data, size_t len, size_t max, const char *line)
{
	FUZZ_MUST(len + strlen(line) <= max);
	memcpy(data + len, line, strlen(line));
	return len + strlen(line);
}

/* Half of them begin with all that a whole text needs. */
size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	size_t len = chance_below(chance, 2) ? append(data, 0, max, base_text) : 0;

	for (uint64_t i = chance_below(chance, 4); i > 0; i--) {
		size_t section = chance_below(chance, sizeof(sections) / sizeof(sections[0]));

		len = append(data, len, max, sections[section].heads[chance_below(chance, 4)]);
		for (size_t key = chance_below(chance, 24); key < 24 && sections[section].keys[key];
		     key += 1 + chance_below(chance, 3))
			len = append(data, len, max, sections[section].keys[key]);
	}
	return len;
}
