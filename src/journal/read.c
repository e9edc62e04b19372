#include "avo.h"
#include "base/mem.h"
#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)

struct journal_reader {
	int dir_fd, fd;
	uint32_t segment;		/* the one that is read, or waited for */
	uint64_t base;			/* offset in it of data.data[0] */
	struct buf data;
	size_t used;			/* bytes of data that were handed out */
	size_t scanned;			/* bytes of data that hold no further newline */
};

enum avo_status journal_reader_open(struct journal_reader **out, const char *dir, struct error *err)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct journal_reader *r;

	*out = NULL;
	if (dir_fd < 0)
		return error_errno(err, errno, "cannot read the journal %s", dir);
	r = xcalloc(1, sizeof(*r));
	r->dir_fd = dir_fd;
	r->fd = -1;
	r->segment = 1;
	buf_init(&r->data, JOURNAL_LINE_BYTES + 2 * READ_BYTES);
	*out = r;
	return AVO_OK;
}

void journal_reader_close(struct journal_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	close(r->dir_fd);
	buf_release(&r->data);
	free(r);
}

void journal_reader_position(const struct journal_reader *r, uint32_t *segment, uint64_t *offset)
{
	*segment = r->fd >= 0 ? r->segment : 0;
	*offset = r->base + r->used;
}

static void drop_used(struct journal_reader *r)
{
	buf_consume(&r->data, r->used);
	r->base += r->used;
	r->scanned -= r->used;
	r->used = 0;
}

/*
 * The beginning of a line that does not end yet is read again next time: the
 * writer may have taken it back in between (a full disk, a crash).
 */
static void forget_partial(struct journal_reader *r)
{
	drop_used(r);
	buf_clear(&r->data);
	r->scanned = 0;
}

static enum avo_status open_segment(struct journal_reader *r, struct error *err)
{
	r->fd = segment_open(r->dir_fd, r->segment, O_RDONLY);
	if (r->fd >= 0)
		return AVO_OK;
	if (errno == ENOENT && r->segment == 1)
		return AVO_NEGATIVE;
	return error_errno(err, errno, "cannot read segment %06u of the journal", r->segment);
}

/* AVO_OK: there is more to look at; AVO_NEGATIVE: the segment ends here, for now. */
static enum avo_status fill(struct journal_reader *r, struct error *err)
{
	struct stat st;
	ssize_t n;

	drop_used(r);
	if (r->data.len > JOURNAL_LINE_BYTES)
		return error_set(err, AVO_CORRUPT, "segment %06u of the journal: the line at byte %llu does not end within %zu bytes",
				 r->segment, (unsigned long long)r->base, JOURNAL_LINE_BYTES);
	do {
		n = pread(r->fd, buf_reserve(&r->data, READ_BYTES), READ_BYTES, (off_t)(r->base + r->data.len));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, errno, "cannot read segment %06u of the journal", r->segment);
	if (n > 0) {
		buf_commit(&r->data, (size_t)n);
		return AVO_OK;
	}
	if (fstat(r->fd, &st) == 0 && (uint64_t)st.st_size < r->base)
		return error_set(err, AVO_CORRUPT, "segment %06u of the journal became shorter than what was read of it; read it again",
				 r->segment);
	return AVO_NEGATIVE;
}

/* At the end of the data: AVO_OK to look again, AVO_NEGATIVE when there is nothing more now. */
static enum avo_status advance(struct journal_reader *r, struct error *err)
{
	enum avo_status st = fill(r, err);

	if (st != AVO_NEGATIVE)
		return st;
	if (!segment_exists(r->dir_fd, r->segment + 1)) {
		forget_partial(r);
		return AVO_NEGATIVE;
	}
	/* The writer finished this segment before it made the next, perhaps after we looked. */
	st = fill(r, err);
	if (st != AVO_NEGATIVE)
		return st;
	if (r->data.len)
		return error_set(err, AVO_CORRUPT, "segment %06u of the journal ends within a line, at byte %llu, but another follows",
				 r->segment, (unsigned long long)r->base);
	close(r->fd);
	r->fd = -1;
	r->segment++;
	r->base = 0;
	r->scanned = 0;
	return open_segment(r, err);
}

static bool take_line(struct journal_reader *r, const char **line, size_t *len, struct journal_ref *ref)
{
	size_t left = r->data.len - r->scanned;
	char *start, *end = left ? memchr(r->data.data + r->scanned, '\n', left) : NULL;

	if (!end) {
		r->scanned = r->data.len;
		return false;
	}
	start = r->data.data + r->used;
	*end = '\0';
	*line = start;
	*len = (size_t)(end - start);
	if (ref)
		*ref = (struct journal_ref){ r->segment, r->base + r->used, (uint32_t)*len };
	r->used = r->scanned = (size_t)(end - r->data.data) + 1;
	return true;
}

enum avo_status journal_reader_next(struct journal_reader *r, const char **line, size_t *len,
				    struct journal_ref *ref, struct error *err)
{
	enum avo_status st = AVO_OK;

	if (r->fd < 0)
		st = open_segment(r, err);
	while (st == AVO_OK && !take_line(r, line, len, ref))
		st = advance(r, err);
	return st;
}

bool journal_reader_gone(const struct journal_reader *r, const char *dir)
{
	return segment_gone(dir, r->dir_fd, r->segment, r->fd);
}

static enum avo_status read_exactly(struct buf *out, int fd, struct journal_ref ref, struct error *err)
{
	char *room = buf_reserve(out, ref.length);
	size_t got = 0;

	while (got < ref.length) {
		ssize_t n = pread(fd, room + got, ref.length - got, (off_t)(ref.offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "cannot read segment %06u of the journal", ref.segment);
		if (n == 0)
			return error_set(err, AVO_CORRUPT, "segment %06u of the journal has no %u bytes at %llu", ref.segment,
					 ref.length, (unsigned long long)ref.offset);
		got += (size_t)n;
	}
	buf_commit(out, got);
	return AVO_OK;
}

enum avo_status journal_fetch(cJSON **out, const char *dir, struct journal_ref ref, struct error *err)
{
	struct buf text = BUF_INIT;
	int dir_fd = -1, fd = -1;
	enum avo_status st;

	*out = NULL;
	if (ref.segment == 0 || ref.length > JOURNAL_LINE_BYTES)
		return error_set(err, AVO_NEGATIVE, "the journal has no such line");
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd >= 0)
		fd = segment_open(dir_fd, ref.segment, O_RDONLY);
	if (fd < 0)
		st = error_errno(err, errno, "cannot read segment %06u of the journal %s", ref.segment, dir);
	else
		st = read_exactly(&text, fd, ref, err);
	if (st == AVO_OK)
		st = json_parse(out, text.data, text.len, err);
	if (fd >= 0)
		close(fd);
	if (dir_fd >= 0)
		close(dir_fd);
	buf_release(&text);
	return st;
}
