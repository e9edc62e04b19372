/* A run directory with a lineage, for the tests of this room. */
#ifndef AVO_TESTS_LINEAGE_FIXTURE_H
#define AVO_TESTS_LINEAGE_FIXTURE_H

#include "avo.h"
#include "base/buf.h"
#include "lineage/lineage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct fixture {
	char *dir;
	struct lineage *l;
	char seed[COMMIT_ID_SIZE];
	struct error err;
};

/* A home of its own and a frozen clock: nothing of the machine's git shows. Called once, first. */
void fixture_environment(void);
/* cmocka setup and teardown: init, open for writing, seed with kernel.c "one\ntwo\nthree\n". */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Runs a shell command in the run directory and returns what it printed, owned; it must succeed. */
char *fixture_shell(struct fixture *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The exit status of one that may fail; output kept in *text when that is not NULL. */
int fixture_try(struct fixture *f, char **text, const char *command);

/* An attempt with the one file kernel.c. */
void fixture_attempt(char commit[COMMIT_ID_SIZE], struct fixture *f, int id, int parent, const char *text);
/* A promotion with a score of two cases. */
struct promotion fixture_promotion(int version, int attempt, const char *tip, const char *attempt_commit);

/* As the engine, which comes again while another git holds a lock. */
#define patiently(f, call) do { \
	enum avo_status st_; \
	int tries_ = 0; \
	while ((st_ = (call)) == AVO_BUSY && tries_++ < 4000) \
		usleep(5000); \
	assert_ok(f, st_, #call); \
} while (0)
#define ok(f, call) assert_ok((f), (call), #call)
void assert_ok(struct fixture *f, enum avo_status st, const char *call);

#endif
