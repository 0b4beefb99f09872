/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which files make up the configuration, and in which order: main file, then drop-ins.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "config-internal.h"

/* Paths of drop-ins below the root, ordered by their last part. */
struct dropins {
	char **paths;
	size_t n;
};

static void dropins_done(struct dropins *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->paths[i]);
	free(d->paths);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *relative(const char *path)
{
	const char *p = path + strspn(path, "/");

	return *p ? p : ".";
}

/* Folders scanned first hide equal names in later ones, with whatever is in the file. */
static bool hidden(const struct dropins *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (streq(base_name(d->paths[i]), name))
			return true;
	return false;
}

static bool is_dropin(const char *name)
{
	size_t len = strlen(name), suffix = strlen(".conf");

	return name[0] != '.' && len > suffix && streq(name + len - suffix, ".conf");
}

static int add(struct dropins *d, const char *dir, const char *name)
{
	char *path;
	int r;

	if (!is_dropin(name) || hidden(d, name))
		return 0;
	if (d->n >= KVMB_CONFIG_DROPINS_MAX)
		return -E2BIG;
	r = kvmb_grow(&d->paths, d->n, sizeof(*d->paths));
	if (r >= 0)
		r = kvmb_asprintf(&path, "%s/%s", dir, name);
	if (r < 0)
		return r;
	d->paths[d->n++] = path;
	return 0;
}

static void closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int scan(struct dropins *d, const struct kvmb_root *root, const char *dir)
{
	_cleanup_(closedirp) DIR *stream = NULL;
	int fd = openat(root->root_fd, relative(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	stream = fdopendir(fd);
	if (!stream) {
		r = -errno;
		(void)kvmb_close(fd);
		return r;
	}
	while (r >= 0) {
		struct dirent *e;

		errno = 0;
		e = readdir(stream);
		if (!e)
			return -errno;
		r = add(d, dir, e->d_name);
	}
	return r;
}

static int compare_base_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(base_name(*x), base_name(*y));
}

/* NAME.d beside the main file (in /etc), then in /run and /usr/lib. */
static int find_dropins(struct dropins *d, const struct kvmb_root *root, const char *path)
{
	const char *name = base_name(path);
	_cleanup_free_ char *beside = strndup(path, (size_t)(name - path));
	const char *const parents[] = { beside, "/run/", "/usr/lib/" };

	if (!beside)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		_cleanup_free_ char *dir = NULL;
		int r = kvmb_asprintf(&dir, "%s%s.d", parents[i], name);

		if (r >= 0)
			r = scan(d, root, dir);
		if (r < 0)
			return r;
	}
	if (d->n > 0)
		qsort(d->paths, d->n, sizeof(*d->paths), compare_base_names);
	return 0;
}

/* The path by which the operator can open the file. */
static int full_name(const struct kvmb_root *root, const char *path, char **ret)
{
	return kvmb_asprintf(ret, "%s%s", kvmb_root_is_host(root) ? "" : root->path, path);
}

static int load_file(struct kvmb_config_loader *l, const struct kvmb_root *root, const char *path,
		     char **ret_error)
{
	_cleanup_free_ char *text = NULL, *name = NULL;
	size_t len;
	int r = full_name(root, path, &name);

	if (r < 0)
		return r;
	r = kvmb_read_alloc_at(root->root_fd, relative(path), KVMB_CONFIG_FILE_MAX, &text, &len);
	if (r == -ENOENT)
		return r;
	if (r == -E2BIG)
		return kvmb_explain(-EBADMSG, ret_error, "%s: too large, allowed are %zu MiB", name,
				    KVMB_CONFIG_FILE_MAX >> 20);
	if (r < 0)
		return kvmb_explain(r, ret_error, "%s: cannot be read: %s", name, strerror(-r));
	return kvmb_config_parse(l, name, text, len, ret_error);
}

static int load_all(struct kvmb_config_loader *l, const struct kvmb_root *root, const char *path,
		    char **ret_error)
{
	_cleanup_(dropins_done) struct dropins d = { 0 };
	int r = load_file(l, root, path, ret_error);

	if (r == -ENOENT)
		r = 0;
	if (r >= 0)
		r = find_dropins(&d, root, path);
	for (size_t i = 0; r >= 0 && i < d.n; i++)
		r = load_file(l, root, d.paths[i], ret_error);
	return r;
}

/* On the real host a relative path is one from the working directory, else one below the root. */
static int absolute(const struct kvmb_root *root, const char *path, char **ret)
{
	_cleanup_free_ char *here = NULL;

	if (path[0] == '/' || !kvmb_root_is_host(root))
		return kvmb_asprintf(ret, "%s%s", path[0] == '/' ? "" : "/", path);
	here = getcwd(NULL, 0);
	return here ? kvmb_asprintf(ret, "%s/%s", here, path) : -errno;
}

int kvmb_config_load(const char *root_path, const char *path, struct kvmb_config **ret,
		     char **ret_error)
{
	_cleanup_(kvmb_config_loader_done) struct kvmb_config_loader l;
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;
	_cleanup_free_ char *full = NULL;
	int r;

	kvmb_config_loader_init(&l);
	r = kvmb_root_open(root_path, &root);
	if (r >= 0)
		r = absolute(&root, path, &full);
	if (r >= 0)
		r = load_all(&l, &root, full, ret_error);
	return r < 0 ? r : kvmb_config_finish(&l, ret, ret_error);
}
