#include "avo.h"
#include "journal/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Why a line cannot stand where it does, or NULL. */
static const char *line_fault(const char *line, size_t len, uint64_t seq)
{
	const char *fault = NULL;
	struct error why;
	cJSON *event;

	if (json_parse(&event, line, len, &why) != AVO_OK)
		return "it is not JSON";
	if (!json_str(event, "type", NULL))
		fault = "it is not an event";
	else if (json_int(event, "seq", -1) != (int64_t)seq)
		fault = "its seq does not follow the line before";
	cJSON_Delete(event);
	return fault;
}

static enum avo_status report(struct error *err, struct journal_ref ref, uint64_t seq, const char *fault)
{
	return error_set(err, AVO_CORRUPT,
			 "journal segment %06u is damaged at byte %llu, where event %llu should stand: %s. Nothing was changed. "
			 "Restore the file from a copy; or, to give up that event and all behind it, cut the file there "
			 "(truncate -s %llu) and remove later segments",
			 ref.segment, (unsigned long long)ref.offset, (unsigned long long)seq, fault,
			 (unsigned long long)ref.offset);
}

/* The highest number among the segments; 0 when there is none. */
static uint32_t newest_segment(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	uint32_t newest = 0;

	while (dir && (d = readdir(dir))) {
		unsigned number;
		int end = 0;

		if (sscanf(d->d_name, "%6u.jsonl%n", &number, &end) == 1 && end && !d->d_name[end] && number > newest)
			newest = number;
	}
	if (dir)
		closedir(dir);
	return newest;
}

static enum avo_status check_no_gap(const char *dir, uint32_t last, struct error *err)
{
	uint32_t newest = newest_segment(dir);

	if (newest <= last)
		return AVO_OK;
	return error_set(err, AVO_CORRUPT, "the journal %s has a segment %06u but no %06u. Nothing was changed. Restore the missing "
			 "file from a copy; or, to give up what came behind it, move the later segments away", dir, newest, last + 1);
}

static uint64_t segment_bytes(const char *dir, uint32_t segment)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir_fd < 0 ? -1 : segment_open(dir_fd, segment, O_RDONLY);
	struct stat st = { 0 };

	if (fd >= 0) {
		if (fstat(fd, &st) != 0)
			st.st_size = 0;
		close(fd);
	}
	if (dir_fd >= 0)
		close(dir_fd);
	return (uint64_t)st.st_size;
}

/*
 * A line whose blocks never reached the disk before a power cut reads as NULs;
 * as the last line of all it is torn like one that lacks its end.
 */
static bool never_written(const char *line, size_t len)
{
	return memchr(line, '\0', len) != NULL;
}

enum avo_status journal_verify(struct journal_end *out, const char *dir, struct error *err)
{
	struct journal_reader *r;
	struct journal_ref ref;
	const char *line, *fault = NULL;
	size_t len;
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	st = journal_reader_open(&r, dir, err);
	if (st != AVO_OK)
		return st;
	while ((st = journal_reader_next(r, &line, &len, &ref, err)) == AVO_OK && !(fault = line_fault(line, len, out->seq + 1)))
		out->seq++;
	if (fault && never_written(line, len))
		st = journal_reader_next(r, &line, &len, NULL, err);
	journal_reader_position(r, &out->segment, &out->offset);
	if (st == AVO_OK || (fault && out->segment != ref.segment)) {
		st = report(err, ref, out->seq + 1, fault);
	} else if (st == AVO_NEGATIVE) {
		if (fault)
			out->offset = ref.offset;
		if (out->segment)
			out->torn = segment_bytes(dir, out->segment) - out->offset;
		st = check_no_gap(dir, out->segment, err);
	}
	journal_reader_close(r);
	return st;
}
