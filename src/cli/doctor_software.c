#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/doctor.h"
#include "sandbox/sandbox.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <sqlite3.h>

/* Programs and libraries. */

static const char *compiler(void)
{
	const char *chosen = getenv("AVO_CC");

	return chosen && *chosen ? chosen : "cc";
}

/* Builds a shared object as a CPU candidate is built, confined as it is. Its words into log. */
static bool builds(struct buf *log, const char *dir, double *ms)
{
	const char *const argv[] = { compiler(), "-O3", "-march=native", "-fPIC", "-shared", "probe.c", "-o", "probe.so", "-lm", NULL };
	const char *const writable[] = { dir, NULL };
	const struct sandbox_policy policy = {
		.writable = writable, .allow_exec = true, .allow_threads = true, .cpu_seconds = 30,
		.memory_bytes = (size_t)2 << 30, .file_bytes = 64 << 20, .processes = 64,
	};
	static const char source[] = "#include <math.h>\nfloat probe(float x) { return expf(x) + sqrtf(x); }\n";
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct error err = { 0 };
	char *path = path_join(dir, "probe.c");
	bool done = false;

	spec.argv = argv;
	spec.cwd = dir;
	if (path_write_atomic(path, source, sizeof(source) - 1, 0644, &err) != AVO_OK ||
	    sandbox_run(&result, log, &spec, &policy, 30000, &err) != AVO_OK)
		buf_addstr(log, err.text);
	else
		done = result.wait_status == 0 && !result.timed_out;
	*ms = done ? (double)result.elapsed_ns / 1e6 : 0;
	free(path);
	return done;
}

void doctor_compiler(struct doctor *d)
{
	const char *const argv[] = { compiler(), "--version", NULL };
	char *version = doctor_first_line(argv), *dir = NULL;
	struct buf log = BUF_INIT;
	struct error err;
	double ms;

	if (!version) {
		doctor_say(d, DOCTOR_BROKEN, "compiler", "CPU candidates and plans cannot be built: install gcc, or name a C compiler in $AVO_CC",
			   "%s does not run", compiler());
		return;
	}
	if (path_temp_dir(&dir, "/tmp", "avo-doctor-", &err) != AVO_OK)
		doctor_say(d, DOCTOR_BROKEN, "compiler", "builds need a writable /tmp", "%s", err.text);
	else if (!builds(&log, dir, &ms))
		doctor_say(d, DOCTOR_BROKEN, "compiler", "it runs, but builds nothing in the sandbox: see the sandbox line below, or name another compiler in $AVO_CC", "%s: %.400s",
			   version, log.len ? buf_cstr(&log) : "no output");
	else
		doctor_say(d, DOCTOR_OK, "compiler", NULL, "%s; a confined build takes %.0f ms", version, ms);
	if (dir)
		path_remove_tree(dir, NULL);
	buf_release(&log);
	free(dir);
	free(version);
}

/* What the worker says of itself when it starts; with nothing on its stdin it ends by itself. */
void doctor_worker(struct doctor *d)
{
	char *path = path_program("avo-worker"), *line = NULL;
	const char *const argv[] = { path, NULL };
	cJSON *hello = NULL;

	if (path)
		line = doctor_first_line(argv);
	if (line)
		json_parse(&hello, line, strlen(line), NULL);
	if (!path)
		doctor_say(d, DOCTOR_BROKEN, "worker", "nothing can be scored: install avo-worker beside avo, or put it into $PATH",
			   "there is no avo-worker");
	else if (!hello)
		doctor_say(d, DOCTOR_BROKEN, "worker", "start it by hand to see why", "%s does not say hello", path);
	else
		doctor_say(d, DOCTOR_OK, "worker", NULL, "%s %s, %s", path, json_str(hello, "worker", "?"),
			   json_str(hello, "device", "no device"));
	cJSON_Delete(hello);
	free(line);
	free(path);
}

void doctor_data(struct doctor *d)
{
	char *place = path_data("");
	struct error err;

	if (path_data_check(&err) == AVO_OK)
		doctor_say(d, DOCTOR_OK, "data", NULL, "seeds, suites and notes in %s", place);
	else
		doctor_say(d, DOCTOR_BROKEN, "data", "move the whole tree it was installed in, or set AVO_DATA_DIR",
			   "seeds, suites and notes are not in %s", place);
	free(place);
}

void doctor_git(struct doctor *d)
{
	const char *const argv[] = { "git", "--version", NULL };
	char *version = doctor_first_line(argv);

	if (version)
		doctor_say(d, DOCTOR_OK, "git", NULL, "%s", version);
	else
		doctor_say(d, DOCTOR_MISSING, "git", "runs work without it; to look at a lineage with git, tig or lazygit, install git",
			   "no git command");
	free(version);
}

void doctor_libraries(struct doctor *d)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
	/* libgit2 belongs to the lineage and curses to the workbench; here only their versions are asked for */
	int (*git_version)(int *, int *, int *) =
		(int (*)(int *, int *, int *))(uintptr_t)dlsym(RTLD_DEFAULT, "git_libgit2_version");
	const char *(*curses_version)(void) = (const char *(*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "curses_version");
	int major = 0, minor = 0, rev = 0;

	if (git_version)
		git_version(&major, &minor, &rev);
	doctor_say(d, DOCTOR_OK, "libgit2", NULL, git_version ? "%d.%d.%d" : "linked statically", major, minor, rev);
	doctor_say(d, curl->ssl_version ? DOCTOR_OK : DOCTOR_MISSING, "libcurl",
		   curl->ssl_version ? NULL : "built without TLS: the agent operator cannot reach a model over https", "%s, %s",
		   curl->version, curl->ssl_version ? curl->ssl_version : "no TLS");
	doctor_say(d, sqlite3_compileoption_used("ENABLE_FTS5") ? DOCTOR_OK : DOCTOR_MISSING, "sqlite",
		   sqlite3_compileoption_used("ENABLE_FTS5") ? NULL : "built without FTS5: the knowledge base cannot be searched",
		   "%s", sqlite3_libversion());
	doctor_say(d, DOCTOR_OK, "cJSON", NULL, "%s", cJSON_Version());
	doctor_say(d, DOCTOR_OK, "ncurses", NULL, "%s", curses_version ? curses_version() : "linked statically");
}

void doctor_openblas(struct doctor *d)
{
	void *handle = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	const char *(*config)(void) = handle ? (const char *(*)(void))(uintptr_t)dlsym(handle, "openblas_get_config") : NULL;

	if (!handle)
		doctor_say(d, DOCTOR_MISSING, "openblas", "scores on the cpu have no peer to compare with: install libopenblas0",
			   "not found");
	else
		doctor_say(d, DOCTOR_OK, "openblas", NULL, "%s", config ? config() : "present");
	/* stays loaded: it started threads that run its code */
}
