/* What the files of this room share: segments, limits, and the check of a line. */
#ifndef AVO_JOURNAL_INTERNAL_H
#define AVO_JOURNAL_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "journal/journal.h"
#include "journal/state.h"

#define JOURNAL_SEGMENT_BYTES ((uint64_t)64 << 20)	/* a segment that has reached this is closed */
#define JOURNAL_LINE_BYTES ((size_t)16 << 20)		/* larger things belong in .avo/blobs */
#define JOURNAL_GROUP_MS 200

/* openat() of segment `number` in the journal directory; -1 with errno. */
int segment_open(int dir_fd, uint32_t number, int flags);
/* True when dir holds no such segment, or another one than what fd has open; fd -1: the directory itself, open as dir_fd. */
bool segment_gone(const char *dir, int dir_fd, uint32_t number, int fd);
bool segment_exists(int dir_fd, uint32_t number);

/* Tests make segments small with this. */
void journal_set_segment_bytes(struct journal *j, uint64_t bytes);

/* Where the next line starts; segment 0 while there is none. */
void journal_reader_position(const struct journal_reader *r, uint32_t *segment, uint64_t *offset);

/* What journal_verify found: the place behind the last good line, and what stands behind it. */
struct journal_end {
	uint32_t segment;	/* 0: the journal is empty */
	uint64_t offset;
	uint64_t seq;		/* of the last good line */
	uint64_t torn;		/* bytes of a line that was never finished */
};

/* Reads every line; anything wrong before the last line is AVO_CORRUPT. */
enum avo_status journal_verify(struct journal_end *out, const char *dir, struct error *err);

/* apply_*.c: one function an event type; t is the event's time. */
typedef void apply_fn(struct run_state *s, const cJSON *event, int64_t t, struct journal_ref ref);
apply_fn apply_run_created, apply_settings, apply_engine_started, apply_engine_stopped, apply_device, apply_peer, apply_state, apply_gate,
	apply_intervention, apply_usage, apply_profile;
apply_fn apply_step_started, apply_step_ended, apply_action_started, apply_action_ended, apply_direction_opened,
	apply_direction_closed;
apply_fn apply_attempt_started, apply_attempt_scored, apply_pending, apply_rejected, apply_version,
	apply_version_scored;

/* What a gap between two wall clock times may count as activity: 0 ... STATE_MAX_GAP_MS. */
int64_t state_gap(int64_t ms);

/* Members of an event: an id such as "a17" as a number (-1: none), a commit or tree id into its field (anything longer is none),
 * an owned copy (NULL where there is none), and one that takes the place of *field ("" where there is none). */
int event_id(const cJSON *event, const char *key, char letter);
void event_object_id(char out[COMMIT_ID_SIZE], const cJSON *event, const char *key);
char *event_dup(const cJSON *event, const char *key);
void event_set(char **field, const cJSON *event, const char *key);

/* Lookups that may be written through; NULL when there is no such thing. */
struct attempt *mutable_attempt(struct run_state *s, int id);
struct direction *mutable_direction(struct run_state *s, int id);
struct step *mutable_step(struct run_state *s, int id);
struct action *mutable_action(struct run_state *s, int64_t id);
/* Where the profiles of "v3", "a17" or "work" begin: 1 + an index, 0 when there is none. */
int *profile_head(struct run_state *s, const char *what);

void action_release(struct action *a);

/* What was under way when the engine ended, or when its step did, ends unfinished; step -1: of any step. */
void abandon_unfinished(struct run_state *s, int step, int64_t t);

#endif
