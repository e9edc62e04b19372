#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	if (n == 0 || name[0] == '/')
		return xstrdup(name);
	return xasprintf("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

bool path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool plain(const char *s)
{
	return *s && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-") == strlen(s);
}

/* In '...' only a quote is special. */
static void quote(struct buf *out, const char *s)
{
	buf_addch(out, '\'');
	for (; *s; s++)
		if (*s == '\'')
			buf_addstr(out, "'\\''");
		else
			buf_addch(out, *s);
	buf_addch(out, '\'');
}

/* In $'...' every byte can be written in ASCII. */
static void quote_bytes(struct buf *out, const char *s)
{
	buf_addstr(out, "$'");
	for (; *s; s++)
		if (*s == '\'' || *s == '\\')
			buf_printf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			buf_printf(out, "\\%03o", (unsigned)(unsigned char)*s);
		else
			buf_addch(out, *s);
	buf_addch(out, '\'');
}

const char *path_word(char out[PATH_WORD_SIZE], const char *path)
{
	struct buf named = BUF_INIT, shown = BUF_INIT, word = BUF_INIT;
	bool printable;

	buf_init(&word, PATH_WORD_SIZE - 1);
	buf_printf(&named, "%s%s", path[0] == '-' ? "./" : "", path);
	str_escape(&shown, buf_cstr(&named), named.len);
	printable = shown.len == named.len;
	if (plain(buf_cstr(&named)))
		buf_addstr(&word, named.data);
	else if (printable)
		quote(&word, buf_cstr(&named));
	else
		quote_bytes(&word, buf_cstr(&named));
	snprintf(out, PATH_WORD_SIZE, "%s", word.overflow ? "DIR" : buf_cstr(&word));
	buf_release(&named);
	buf_release(&shown);
	buf_release(&word);
	return out;
}

const char *path_word_here(char out[PATH_WORD_SIZE], const char *path)
{
	char here[PATH_MAX];
	size_t n;

	if (!getcwd(here, sizeof(here)) || path[0] != '/')
		return path_word(out, path);
	n = strlen(here);
	if (strcmp(path, here) == 0)
		return path_word(out, ".");
	if (strcmp(here, "/") != 0 && strncmp(path, here, n) == 0 && path[n] == '/')
		return path_word(out, path + n + 1);
	return path_word(out, path);
}

enum avo_status path_read(struct buf *out, const char *path, size_t max, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t start = out->len;
	enum avo_status st = AVO_OK;

	if (fd < 0)
		return error_errno(err, errno, "cannot read %s", path);
	for (;;) {
		char *room = buf_reserve(out, 65536);
		ssize_t n = room ? read(fd, room, 65536) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			st = error_errno(err, errno, "cannot read %s", path);
		if (n <= 0)
			break;
		buf_commit(out, (size_t)n);
		if (out->len - start > max) {
			st = error_set(err, AVO_CORRUPT, "%s is larger than %zu bytes", path, max);
			break;
		}
	}
	close(fd);
	if (st == AVO_OK && out->overflow)
		st = error_set(err, AVO_CORRUPT, "%s is larger than expected", path);
	return st;
}

static enum avo_status write_all(int fd, const void *data, size_t len, const char *path, struct error *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "cannot write %s", path);
		p += n;
		len -= (size_t)n;
	}
	return AVO_OK;
}

static void sync_parent(const char *path)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');
	int fd;

	if (slash)
		*slash = '\0';
	fd = open(slash ? (*dir ? dir : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(dir);
}

enum avo_status path_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
	char *temp = xasprintf("%s.tmp-%ld", path, (long)getpid());
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	enum avo_status st;

	if (fd < 0) {
		st = error_errno(err, errno, "cannot create %s", temp);
		free(temp);
		return st;
	}
	st = write_all(fd, data, len, path, err);
	if (st == AVO_OK && fsync(fd) != 0)
		st = error_errno(err, errno, "cannot write %s", path);
	close(fd);
	if (st == AVO_OK && rename(temp, path) != 0)
		st = error_errno(err, errno, "cannot rename onto %s", path);
	if (st != AVO_OK)
		unlink(temp);
	else
		sync_parent(path);
	free(temp);
	return st;
}

enum avo_status path_mkdirs(const char *path, mode_t mode, struct error *err)
{
	char *copy = xstrdup(path), *p = copy;
	enum avo_status st = AVO_OK;

	do {
		p = strchr(p + 1, '/');
		if (p)
			*p = '\0';
		if (mkdir(copy, mode) != 0 && errno != EEXIST) {
			st = error_errno(err, errno, "cannot create the directory %s", copy);
			break;
		}
		if (p)
			*p = '/';
	} while (p);
	if (st == AVO_OK && !path_is_dir(path))
		st = error_set(err, AVO_ENVIRONMENT, "%s is in the way: not a directory", path);
	free(copy);
	return st;
}

static int remove_at(int dir, const char *name, dev_t device);

/* Takes the descriptor. 0, or the number of what went wrong first. */
static int empty_dir(int fd, dev_t device)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	int number = 0;

	if (!d) {
		number = errno;
		close(fd);
		return number;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			int failed = remove_at(dirfd(d), entry->d_name, device);

			number = number ? number : failed;
		}
	closedir(d);
	return number;
}

/* Each name beneath the descriptor of its directory: one that becomes a link meanwhile is removed as a link. */
static int remove_at(int dir, const char *name, dev_t device)
{
	struct stat info;
	int fd, number;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		return errno;
	if (info.st_dev != device) {
		close(fd);
		return EXDEV;
	}
	number = empty_dir(fd, device);
	return number ? number : unlinkat(dir, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

enum avo_status path_remove_tree(const char *path, struct error *err)
{
	struct stat info;
	int number;

	if (lstat(path, &info) != 0)
		return errno == ENOENT ? AVO_OK : error_errno(err, errno, "cannot remove %s", path);
	number = remove_at(AT_FDCWD, path, info.st_dev);
	return number ? error_errno(err, number, "cannot remove %s", path) : AVO_OK;
}

enum avo_status path_copy_file(const char *from, const char *to, mode_t mode, struct error *err)
{
	struct buf data = BUF_INIT;
	enum avo_status st = path_read(&data, from, BUF_DEFAULT_MAX, err);

	if (st == AVO_OK)
		st = path_write_atomic(to, buf_cstr(&data), data.len, mode, err);
	buf_release(&data);
	return st;
}

enum avo_status path_temp_dir(char **out, const char *dir, const char *prefix, struct error *err)
{
	char *template = xasprintf("%s/%sXXXXXX", dir, prefix);

	if (!mkdtemp(template)) {
		enum avo_status st = error_errno(err, errno, "cannot create a directory in %s", dir);

		free(template);
		return st;
	}
	*out = template;
	return AVO_OK;
}

char *path_program_dir(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return xstrdup(".");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash && slash != self)
		*slash = '\0';
	return xstrdup(self);
}

/* The source tree, when the program runs where it was built. */
static char *source_tree(void)
{
	char *dir = path_program_dir();
	char *status = path_join(dir, "config.status");
	char *top = NULL;

	if (path_exists(status)) {
		char *beside = path_join(dir, "kernels/include/avo");

		top = path_is_dir(beside) ? xstrdup(dir) : xstrdup(AVO_SRCDIR);
		free(beside);
	}
	free(status);
	free(dir);
	return top;
}

/*
 * A file of the tree that the program was installed in, PREFIX/bin or PREFIX/libexec/avo, wherever that lies now; NULL when
 * it is not there. A program that was copied elsewhere belongs to no tree: nothing beside it is trusted.
 */
static char *in_installed_tree(const char *relative)
{
	char *dir = path_program_dir(), *path = NULL;

	if (str_ends(dir, "/bin"))
		path = xasprintf("%.*s/%s", (int)(strlen(dir) - strlen("/bin")), dir, relative);
	else if (str_ends(dir, "/libexec/avo"))
		path = xasprintf("%.*s/%s", (int)(strlen(dir) - strlen("/libexec/avo")), dir, relative);
	free(dir);
	if (path && !path_exists(path)) {
		free(path);
		path = NULL;
	}
	return path;
}

char *path_data(const char *relative)
{
	const char *env = getenv("AVO_DATA_DIR");
	char *top = env && *env ? xstrdup(env) : source_tree(), *path;

	if (!top)
		top = in_installed_tree("share/avo");
	if (!top)
		top = xstrdup(AVO_PKGDATADIR);
	if (!*relative)
		return top;
	path = path_join(top, relative);
	free(top);
	return path;
}

enum avo_status path_data_check(struct error *err)
{
	char *suites = path_data("kernels/suites"), *place = path_data("");
	enum avo_status st = AVO_OK;

	if (!path_is_dir(suites))
		st = error_set(err, AVO_ENVIRONMENT, "avo's own files (seeds, suites, notes) are not in %s: the program was moved without them; "
			       "move the whole tree it was installed in, or set AVO_DATA_DIR", place);
	free(suites);
	free(place);
	return st;
}

static char *program_in_path(const char *name)
{
	const char *path = getenv("PATH");
	char *copy = xstrdup(path ? path : "/usr/bin:/bin"), *save = NULL, *dir, *found = NULL;

	for (dir = strtok_r(copy, ":", &save); dir && !found; dir = strtok_r(NULL, ":", &save)) {
		found = path_join(dir, name);
		if (access(found, X_OK) != 0) {
			free(found);
			found = NULL;
		}
	}
	free(copy);
	return found;
}

char *path_program(const char *name)
{
	char *dir = path_program_dir();
	char *candidate = path_join(dir, name), *relative;

	free(dir);
	if (access(candidate, X_OK) == 0)
		return candidate;
	free(candidate);
	relative = path_join("libexec/avo", name);
	candidate = in_installed_tree(relative);
	free(relative);
	if (candidate && access(candidate, X_OK) == 0)
		return candidate;
	free(candidate);
	candidate = path_join(AVO_LIBEXECDIR, name);
	if (access(candidate, X_OK) == 0)
		return candidate;
	free(candidate);
	return program_in_path(name);
}
