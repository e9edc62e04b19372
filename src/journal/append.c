#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct journal {
	char *dir;
	int dir_fd, fd;			/* fd -1: no segment yet */
	uint32_t segment;
	uint64_t size;			/* of the segment, up to the end of the last whole line */
	uint64_t segment_bytes;
	uint64_t seq;
	bool ragged;			/* bytes behind size could not be cut off */
	bool dirty;			/* lines wait for the group commit */
	int64_t dirty_since;		/* monotonic ms */
	struct buf line;		/* the last line, without its newline */
	struct journal_ref ref;
};

static enum avo_status lock_directory(struct journal *j, struct error *err)
{
	j->dir_fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dir_fd < 0)
		return error_errno(err, errno, "cannot open the journal %s", j->dir);
	/* Where a file system has no such locks, the engine's own lock has to do. */
	if (flock(j->dir_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return error_set(err, AVO_BUSY, "another process writes the journal %s; stop it, or wait until it has ended", j->dir);
	return AVO_OK;
}

static enum avo_status write_failed(struct journal *j, int errno_value, struct error *err)
{
	error_errno(err, errno_value, "cannot write the journal %s", j->dir);
	if (errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG)
		error_prefix(err, AVO_ENVIRONMENT, "no room for the record of the run; free some space and resume");
	return AVO_ENVIRONMENT;
}

static enum avo_status start_segment(struct journal *j, uint32_t number, int flags, struct error *err)
{
	int fd = segment_open(j->dir_fd, number, O_WRONLY | O_APPEND | O_CREAT | flags);

	if (fd < 0 || fsync(j->dir_fd) != 0) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		return write_failed(j, why, err);
	}
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	j->segment = number;
	j->size = 0;
	return AVO_OK;
}

/* Makes the file end at the last whole line. */
static enum avo_status cut(struct journal *j, struct error *err)
{
	if (ftruncate(j->fd, (off_t)j->size) != 0 || fsync(j->fd) != 0) {
		j->ragged = true;
		return write_failed(j, errno, err);
	}
	j->ragged = false;
	return AVO_OK;
}

static enum avo_status open_at_end(struct journal *j, uint64_t *cut_bytes, struct error *err)
{
	struct journal_end end;
	enum avo_status st = journal_verify(&end, j->dir, err);

	if (st == AVO_OK)
		st = start_segment(j, end.segment ? end.segment : 1, 0, err);
	if (st != AVO_OK)
		return st;
	j->seq = end.seq;
	j->size = end.offset;
	if (end.torn)
		st = cut(j, err);
	if (cut_bytes)
		*cut_bytes = end.torn;
	return st;
}

enum avo_status journal_open(struct journal **out, const char *dir, uint64_t *cut_bytes, struct error *err)
{
	struct journal *j;
	enum avo_status st = path_mkdirs(dir, 0700, err);

	*out = NULL;
	if (cut_bytes)
		*cut_bytes = 0;
	if (st != AVO_OK)
		return st;
	j = xcalloc(1, sizeof(*j));
	j->dir = xstrdup(dir);
	j->dir_fd = j->fd = -1;
	j->segment_bytes = JOURNAL_SEGMENT_BYTES;
	buf_init(&j->line, JOURNAL_LINE_BYTES);
	st = lock_directory(j, err);
	if (st == AVO_OK)
		st = open_at_end(j, cut_bytes, err);
	if (st == AVO_OK)
		*out = j;
	else
		journal_close(j);
	return st;
}

void journal_set_segment_bytes(struct journal *j, uint64_t bytes)
{
	j->segment_bytes = bytes;
}

static enum avo_status sync_lines(struct journal *j, struct error *err)
{
	if (fdatasync(j->fd) != 0)
		return write_failed(j, errno, err);
	j->dirty = false;
	return AVO_OK;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0) {
		if (j->dirty)
			sync_lines(j, NULL);
		close(j->fd);
	}
	if (j->dir_fd >= 0)
		close(j->dir_fd);
	buf_release(&j->line);
	free(j->dir);
	free(j);
}

/* The line {"seq":N,"t":"...","type":"...",...}; a time that is there already (a fixture's) is kept. */
static enum avo_status format_line(struct journal *j, cJSON *event, struct error *err)
{
	char now[CLOCK_STAMP_SIZE];
	const char *type = json_str(event, "type", NULL), *t = json_str(event, "t", NULL);
	cJSON *head;

	if (!cJSON_IsObject(event) || !type)
		return error_set(err, AVO_USAGE, "an event is an object with a type");
	head = cJSON_CreateObject();
	json_set_int(head, "seq", (int64_t)j->seq + 1);
	json_set_str(head, "t", t ? t : clock_format(now, clock_wall_ms()));
	json_set_str(head, "type", type);
	cJSON_DeleteItemFromObjectCaseSensitive(event, "seq");
	cJSON_DeleteItemFromObjectCaseSensitive(event, "t");
	cJSON_DeleteItemFromObjectCaseSensitive(event, "type");
	buf_clear(&j->line);
	json_print(&j->line, head);
	cJSON_Delete(head);
	if (event->child) {
		struct buf rest = BUF_INIT;

		json_print(&rest, event);
		j->line.data[j->line.len - 1] = ',';
		buf_add(&j->line, rest.data + 1, rest.len - 1);
		buf_release(&rest);
	}
	if (j->line.overflow)
		return error_set(err, AVO_USAGE, "an event is larger than %zu bytes; keep its bulk in .avo/blobs", JOURNAL_LINE_BYTES);
	return AVO_OK;
}

static enum avo_status write_line(struct journal *j, struct error *err)
{
	size_t done = 0, len = j->line.len + 1;

	j->line.data[len - 1] = '\n';
	while (done < len) {
		ssize_t n = write(j->fd, j->line.data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int why = n < 0 ? errno : ENOSPC;

			j->line.data[len - 1] = '\0';
			cut(j, NULL);
			return write_failed(j, why, err);
		}
		done += (size_t)n;
	}
	j->line.data[len - 1] = '\0';
	return AVO_OK;
}

/*
 * The lock may be a node's own where the file system is shared. Where somebody else has written, nothing more is
 * written: neither over their lines nor a second line of one number.
 */
static enum avo_status check_end(const struct journal *j, struct error *err)
{
	struct stat st;

	if (fstat(j->fd, &st) != 0)
		return error_errno(err, errno, "cannot look at the journal %s", j->dir);
	if ((uint64_t)st.st_size == j->size && !segment_exists(j->dir_fd, j->segment + 1))
		return AVO_OK;
	return error_set(err, AVO_CONFLICT, "somebody else writes the journal %s: segment %06u ends at byte %llu, and this engine left it at "
			 "%llu; nothing more is written from here", j->dir, j->segment, (unsigned long long)st.st_size,
			 (unsigned long long)j->size);
}

static enum avo_status make_room(struct journal *j, struct error *err)
{
	enum avo_status st = AVO_OK;

	if (j->ragged)
		st = cut(j, err);
	if (st == AVO_OK)
		st = check_end(j, err);
	if (st != AVO_OK || j->size == 0 || j->size + j->line.len + 1 <= j->segment_bytes)
		return st;
	st = sync_lines(j, err);
	return st == AVO_OK ? start_segment(j, j->segment + 1, O_EXCL, err) : st;
}

static enum avo_status put_line(struct journal *j, enum journal_sync sync, struct error *err)
{
	enum avo_status st = make_room(j, err);

	if (st == AVO_OK)
		st = write_line(j, err);
	if (st == AVO_OK && sync == JOURNAL_NOW) {
		st = sync_lines(j, err);
		if (st != AVO_OK)
			cut(j, NULL);
	}
	if (st != AVO_OK)
		return st;
	if (sync == JOURNAL_LAZY && !j->dirty) {
		j->dirty = true;
		j->dirty_since = clock_mono_ms();
	}
	j->ref = (struct journal_ref){ j->segment, j->size, (uint32_t)j->line.len };
	j->size += j->line.len + 1;
	j->seq++;
	return AVO_OK;
}

enum avo_status journal_append(struct journal *j, cJSON *event, enum journal_sync sync, struct error *err)
{
	enum avo_status st = format_line(j, event, err);

	if (st == AVO_OK)
		st = put_line(j, sync, err);
	if (st != AVO_OK)
		buf_clear(&j->line);
	cJSON_Delete(event);
	return st;
}

const char *journal_last_line(const struct journal *j, size_t *len, struct journal_ref *ref)
{
	if (len)
		*len = j->line.len;
	if (ref)
		*ref = j->ref;
	return buf_cstr(&j->line);
}

bool journal_gone(const struct journal *j)
{
	return segment_gone(j->dir, j->dir_fd, j->segment, j->fd);
}

uint64_t journal_last_seq(const struct journal *j)
{
	return j->seq;
}

int journal_tick(struct journal *j, struct error *err)
{
	int64_t left;

	if (!j->dirty)
		return -1;
	left = JOURNAL_GROUP_MS - (clock_mono_ms() - j->dirty_since);
	if (left > 0)
		return (int)left;
	if (sync_lines(j, err) == AVO_OK)
		return -1;
	j->dirty_since = clock_mono_ms();
	return JOURNAL_GROUP_MS;
}
