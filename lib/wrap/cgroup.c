/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcgroup, wrapped: the only file that calls it.
 */
#include "wrap/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/parse.h"
#include "base/str.h"

static int translate(int error)
{
	switch (error) {
	case 0:
		return 0;
	case ECGOTHER:
		/* negative, also should libcgroup have forgotten to keep it */
		return cgroup_get_last_errno() > 0 ? -cgroup_get_last_errno() : -EIO;
	case ECGROUPNOTEXIST:
	case ECGROUPVALUENOTEXIST:
		return -ENOENT;
	case ECGROUPNOTMOUNTED:
	case ECGROUPSUBSYSNOTMOUNTED:
	case ECGROUPNOTCOMPILED:
	case ECGROUPUNSUPP:
		return -EOPNOTSUPP;
	case ECGROUPNOTOWNER:
	case ECGROUPNOTALLOWED:
		return -EPERM;
	case ECGINVAL:
	case ECGMAXVALUESEXCEEDED:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static int init_result;

/*
 * Without a logger of ours cgroup_init() would take its own, which prints to standard output (also
 * after a NULL was set, whatever libcgroup's log.h says).
 */
static void discard(void *userdata, int level, const char *format, va_list ap)
{
}

/* libcgroup reads the mount table once per process. */
static void init(void)
{
	cgroup_set_logger(discard, CGROUP_LOG_ERROR, NULL);
	init_result = translate(cgroup_init());
}

static int ensure_init(void)
{
	int r = pthread_once(&init_once, init);

	return r ? -r : init_result;
}

int kvmb_cgroup_mount(char *ret_path, size_t size)
{
	_cleanup_free_ char *path = NULL;
	struct statfs fs;
	int r = ensure_init();

	if (r >= 0)
		r = translate(cgroup_get_subsys_mount_point("memory", &path));
	if (r == -ENOENT)
		return -EOPNOTSUPP;
	if (r < 0)
		return r;
	/* on v1 and hybrid hosts memory is with an old hierarchy */
	if (statfs(path, &fs) < 0)
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return -EOPNOTSUPP;
	return kvmb_str_copy(ret_path, size, path);
}

static bool has_word(const char *text, const char *word)
{
	const char *cursor = text, *end = text + strcspn(text, "\n"), *w;
	size_t len;

	while ((w = kvmb_next_word(&cursor, end, &len)))
		if (len == strlen(word) && memcmp(w, word, len) == 0)
			return true;
	return false;
}

static int check_v2(int cgroup_fd)
{
	char text[1024];
	int r = kvmb_read_at(cgroup_fd, "cgroup.controllers", text, sizeof(text), NULL);

	if (r == -ENOENT || r == -EBADF) /* v1 has no such file; -1 where there is no folder */
		return -EOPNOTSUPP;
	if (r < 0)
		return r;
	return has_word(text, "memory") ? 0 : -EOPNOTSUPP;
}

int kvmb_cgroup_attach(struct kvmb_root *root)
{
	char path[KVMB_PATH_SIZE];
	_cleanup_close_ int fd = -1;
	int r;

	if (!kvmb_root_is_host(root))
		return check_v2(root->cgroup_fd);
	r = kvmb_cgroup_mount(path, sizeof(path));
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = check_v2(fd);
	if (r < 0)
		return r;
	root->cgroup_fd = kvmb_close(root->cgroup_fd);
	root->cgroup_fd = TAKE_FD(fd);
	return 0;
}

/* Up to where libcgroup is sure to take a value without cutting it or printing a complaint. */
#define VALUE_MAX 1024

static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '/' || !p[2]))
			return true;
	return false;
}

/*
 * libcgroup passes over a read-only file and one that is not there without saying so or why, and
 * never writes a second line; so all that is settled first.
 */
static int check_target(const struct kvmb_root *root, const char *path, const char *value)
{
	struct stat st;

	if (has_dotdot(path) || !*value || strlen(value) > VALUE_MAX || strchr(value, '\n'))
		return -EINVAL;
	if (fstatat(root->cgroup_fd, path, &st, 0) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_mode & S_IWUSR ? 0 : -EACCES;
}

static int modify(struct cgroup *group, const char *controller, const char *file,
		  const char *value)
{
	struct cgroup_controller *c = cgroup_add_controller(group, controller);
	int r;

	if (!c)
		return -EOPNOTSUPP;
	r = translate(cgroup_add_value_string(c, file, value));
	if (r < 0)
		return r;
	/* only the files that have a value here are opened; nothing is read */
	r = translate(cgroup_modify_cgroup(group));
	if (r < 0)
		return r;
	/*
	 * It takes EOPNOTSUPP, also a left-over one of an earlier call of this thread, for success.
	 * No file of ours answers that, so in doubt nothing was done.
	 */
	return cgroup_get_last_errno() == EOPNOTSUPP ? -EOPNOTSUPP : 0;
}

static int write_host(const char *group, const char *file, const char *value)
{
	struct cgroup *g;
	char controller[32];
	int r = kvmb_str_copy_n(controller, sizeof(controller), file, strcspn(file, "."));

	if (r >= 0)
		r = ensure_init();
	if (r < 0)
		return r;
	g = cgroup_new_cgroup(group);
	if (!g)
		return -ENOMEM;
	r = modify(g, controller, file, value);
	cgroup_free(&g);
	return r;
}

int kvmb_cgroup_write(const struct kvmb_root *root, const char *group, const char *file,
		      const char *value)
{
	char path[KVMB_PATH_SIZE + 64];
	int r;

	group += strspn(group, "/");
	if (!*group || strchr(file, '/'))
		return -EINVAL;
	r = snprintf(path, sizeof(path), "%s/%s", group, file);
	if (r < 0 || (size_t)r >= sizeof(path))
		return -ENAMETOOLONG;
	r = check_target(root, path, value);
	if (r < 0)
		return r;
	return kvmb_root_is_host(root) ? write_host(group, file, value) :
					 kvmb_write_at(root->cgroup_fd, path, value);
}
