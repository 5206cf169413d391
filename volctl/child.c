/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* child - run other programs: child.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "volctl/child.h"

/* Everything that arrives until the other end is closed. */
static int read_to_end(int fd, char **ret_text)
{
	FILE *stream = fdopen(fd, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t len;

	if (!stream) {
		close(fd);
		return -errno;
	}
	/* No text has a zero byte: one getdelim() reads it all. */
	len = getdelim(&text, &size, '\0', stream);
	fclose(stream);
	if (len < 0) {
		free(text);
		text = calloc(1, 1);
	}
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int child_run(char *const *arguments, char **ret_output)
{
	int ends[2] = { -1, -1 };
	pid_t child;
	int status;
	int r = 0;

	if (ret_output && pipe(ends) < 0)
		return -errno;
	fflush(NULL);
	child = fork();
	if (child < 0) {
		r = -errno;
		if (ret_output) {
			close(ends[0]);
			close(ends[1]);
		}
		return r;
	}
	if (child == 0) {
		if (ret_output && dup2(ends[1], STDOUT_FILENO) < 0)
			_exit(127);
		if (ret_output) {
			close(ends[0]);
			close(ends[1]);
		}
		execvp(arguments[0], arguments);
		_exit(127);
	}
	if (ret_output) {
		close(ends[1]);
		r = read_to_end(ends[0], ret_output);
	}
	status = wait_for(child);
	return r < 0 ? r : status;
}
