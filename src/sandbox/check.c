/*
 * The self-check: sets up things worth attacking, lets a probe attack them
 * from inside the sandbox, and looks what happened. Which layer stopped an act is
 * found by letting the probe out under each layer alone.
 */
#include "avo.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "sandbox/plan.h"
#include "sandbox/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const act_names[ACT_COUNT] = {
	[ACT_WRITE_OUTSIDE] = "write outside the work directory",
	[ACT_WRITE_HOME] = "write in $HOME",
	[ACT_READ_HOME] = "read a file in $HOME",
	[ACT_READ_RUN] = "read the run directory",
	[ACT_TCP] = "connect by TCP",
	[ACT_UDP] = "send by UDP",
	[ACT_UNIX] = "connect to the control socket",
	[ACT_ABSTRACT] = "connect to an abstract socket",
	[ACT_SIGNAL] = "signal another process",
	[ACT_MEMORY] = "read another process's memory",
	[ACT_ENVIRON] = "read another process's environment",
	[ACT_PROCESSES] = "start processes without limit",
	[ACT_ALLOCATE] = "allocate beyond the limit",
	[ACT_FILE] = "write a file beyond the limit",
	[ACT_GPU] = "open a GPU",
	[ACT_SETUID] = "gain privileges by a setuid program",
};

/* The first program argument that makes main() call us back; see sandbox_maybe_probe. */
static bool main_asks;

bool check_main_asks(void)
{
	return main_asks;
}

int sandbox_maybe_probe(int argc, char **argv)
{
	main_asks = true;
	if (argc >= 2 && strcmp(argv[1], "--sandbox-probe") == 0)
		return probe_main(argc - 2, argv + 2);
	if (argc == 5 && strcmp(argv[1], "--sandbox-enter") == 0)
		bwrap_inside(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	return -1;
}

/* What there is to attack; fds are -1 while not open. */
struct scene {
	char *dir, *work, *run, *outside;	/* dir holds the others */
	char *home, *home_secret;		/* a directory made in $HOME; NULL where $HOME cannot be written */
	int tcp, udp, path_socket, abstract_socket;
	int tcp_port, udp_port;
	pid_t victim;
	uint64_t secret;			/* in the victim's memory, at the same address as here */
};

static enum avo_status make_dirs(struct scene *s, struct error *err)
{
	enum avo_status st = path_temp_dir(&s->dir, "/tmp", "avo-self-check-", err);
	char *secret;

	if (st != AVO_OK)
		return st;
	s->work = path_join(s->dir, "work");
	s->run = path_join(s->dir, "run");
	s->outside = path_join(s->dir, "outside");
	/* open by permissions, so that it is the sandbox that must refuse */
	if (chmod(s->dir, 0755) != 0 || mkdir(s->work, 0755) != 0 || mkdir(s->run, 0755) != 0 ||
	    mkdir(s->outside, 0777) != 0 || chmod(s->outside, 0777) != 0)
		return error_errno(err, errno, "cannot prepare the self-check in %s", s->dir);
	secret = path_join(s->run, "secret");
	st = path_write_atomic(secret, "secret\n", 7, 0644, err);
	free(secret);
	return st;
}

static void make_home(struct scene *s)
{
	const struct passwd *pw = getpwuid(geteuid());
	const char *home = getenv("HOME") ? getenv("HOME") : pw ? pw->pw_dir : "/";

	if (path_temp_dir(&s->home, home, ".avo-self-check-", NULL) != AVO_OK) {
		s->home = NULL;
		return;
	}
	chmod(s->home, 0755);
	s->home_secret = path_join(s->home, "secret");
	path_write_atomic(s->home_secret, "secret\n", 7, 0644, NULL);
}

static int listen_at(int family, int type, const void *address, size_t len, int *port)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in got = { 0 };
	socklen_t size = sizeof(got);

	if (fd < 0)
		return -1;
	if (bind(fd, address, (socklen_t)len) != 0 || (type == SOCK_STREAM && listen(fd, 16) != 0)) {
		close(fd);
		return -1;
	}
	if (port && getsockname(fd, (struct sockaddr *)&got, &size) == 0)
		*port = ntohs(got.sin_port);
	return fd;
}

static void make_sockets(struct scene *s)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un path = { .sun_family = AF_UNIX }, name = { .sun_family = AF_UNIX };
	size_t len;

	s->tcp = listen_at(AF_INET, SOCK_STREAM, &in, sizeof(in), &s->tcp_port);
	s->udp = listen_at(AF_INET, SOCK_DGRAM, &in, sizeof(in), &s->udp_port);
	snprintf(path.sun_path, sizeof(path.sun_path), "%s/ctl.sock", s->run);
	s->path_socket = listen_at(AF_UNIX, SOCK_STREAM, &path, sizeof(path), NULL);
	chmod(path.sun_path, 0777);
	len = (size_t)snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "%s", path_basename(s->dir));
	s->abstract_socket = listen_at(AF_UNIX, SOCK_STREAM, &name, offsetof(struct sockaddr_un, sun_path) + 1 + len, NULL);
}

static pid_t start_victim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGUSR1, SIG_DFL);
		for (;;)
			pause();
	}
	return pid;
}

static void clear_scene(struct scene *s)
{
	int fds[] = { s->tcp, s->udp, s->path_socket, s->abstract_socket };
	size_t i;

	for (i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (s->dir)
		path_remove_tree(s->dir, NULL);
	if (s->home)
		path_remove_tree(s->home, NULL);
	free(s->dir);
	free(s->work);
	free(s->run);
	free(s->outside);
	free(s->home);
	free(s->home_secret);
}

/* The probe's own report: "ACT done" or "ACT refused". False when it did not get to its end. */
static bool parse(bool done[ACT_COUNT], const struct buf *out)
{
	const char *cursor = buf_cstr(out), *end = cursor + out->len, *line;
	int seen = 0;
	size_t len;

	while (str_next_line(&cursor, end, &line, &len)) {
		long act = strtol(line, NULL, 10);

		if (act < 0 || act >= ACT_COUNT)
			continue;
		done[act] = len > 5 && memcmp(line + len - 5, " done", 5) == 0;
		seen++;
	}
	return seen == ACT_COUNT - 1;	/* allocation is tried by a program of its own */
}

/* The victim ends a moment after the signal, later on a loaded machine; one that nobody signalled does not end. */
static bool has_ended(pid_t victim, bool signalled)
{
	int status, tries;

	for (tries = signalled ? 200 : 1; tries > 0; tries--) {
		if (waitpid(victim, &status, WNOHANG) == victim)
			return true;
		if (tries > 1)
			usleep(10000);
	}
	return false;
}

/* What the probe cannot know: did it happen out here? Also puts everything back for the next one. */
static void judge(bool done[ACT_COUNT], struct scene *s)
{
	char *outside = path_join(s->outside, "file"), *home = s->home ? path_join(s->home, "file") : NULL;
	char byte;

	done[ACT_WRITE_OUTSIDE] = unlink(outside) == 0;
	done[ACT_WRITE_HOME] = home && unlink(home) == 0;
	done[ACT_UDP] = s->udp >= 0 && recv(s->udp, &byte, 1, 0) == 1;
	done[ACT_SIGNAL] = has_ended(s->victim, done[ACT_SIGNAL]);
	if (!done[ACT_SIGNAL]) {
		kill(s->victim, SIGKILL);
		waitpid(s->victim, NULL, 0);
	}
	free(outside);
	free(home);
}

/* A program that wants a gigabyte at once. Another one than ours, which a sanitizer may have given terabytes. */
static bool try_allocation(const struct sandbox_policy *policy, unsigned layers)
{
	const char *const argv[] = { "dd", "if=/dev/zero", "of=/dev/null", "bs=1G", "count=1", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;
	bool done;

	spec.argv = argv;
	done = run_with(&result, &out, &spec, policy, layers, 10000, NULL) == AVO_OK &&
	       WIFEXITED(result.wait_status) && WEXITSTATUS(result.wait_status) == 0;
	buf_release(&out);
	return done;
}

static enum avo_status attack(bool done[ACT_COUNT], struct scene *s, unsigned layers, struct error *err)
{
	const char *const writable[] = { s->work, NULL };
	const struct sandbox_policy policy = {
		.writable = writable, .allow_exec = true, .allow_threads = true, .processes = PROBE_PROCESSES,
		.file_bytes = PROBE_FILE_BYTES, .memory_bytes = PROBE_MEMORY_BYTES, .cpu_seconds = 10,
	};
	char *args[] = {
		xasprintf("outside=%s/file", s->outside), xasprintf("home=%s/file", s->home ? s->home : "/nowhere"),
		xasprintf("home_secret=%s", s->home_secret ? s->home_secret : "/nowhere"),
		xasprintf("run_secret=%s/secret", s->run), xasprintf("tcp=%d", s->tcp_port), xasprintf("udp=%d", s->udp_port),
		xasprintf("socket=%s/ctl.sock", s->run), xasprintf("abstract=%s", path_basename(s->dir)),
		xasprintf("victim=%ld", (long)(s->victim = start_victim())),
		xasprintf("address=%llx", (unsigned long long)(uintptr_t)&s->secret), xasprintf("big=%s/big", s->work),
	};
	const char *argv[ARRAY_LEN(args) + 3] = { "/proc/self/exe", "--sandbox-probe" };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;
	enum avo_status st;
	size_t i;

	for (i = 0; i < ARRAY_LEN(args); i++)
		argv[i + 2] = args[i];
	spec.argv = argv;
	spec.cwd = s->work;
	st = run_with(&result, &out, &spec, &policy, layers, 20000, err);
	if (st == AVO_OK && !parse(done, &out))
		st = error_set(err, AVO_ENVIRONMENT, "the sandbox's self-check did not finish: %.300s", buf_cstr(&out));
	judge(done, s);
	done[ACT_ALLOCATE] = try_allocation(&policy, layers);
	buf_release(&out);
	for (i = 0; i < ARRAY_LEN(args); i++)
		free(args[i]);
	return st;
}

/* Worth asking on this machine? Else the reason why there is nothing to attack. */
static const char *nothing_to_attack(const struct scene *s, enum probe_act act)
{
	if (act == ACT_GPU && !path_exists("/dev/nvidiactl"))
		return "no GPU here";
	if ((act == ACT_WRITE_HOME || act == ACT_READ_HOME) && !s->home)
		return "no $HOME here";
	if ((act == ACT_TCP && s->tcp < 0) || (act == ACT_UDP && s->udp < 0))
		return "no network here";
	return NULL;
}

static const char *without_layers(enum probe_act act)
{
	switch (act) {
	case ACT_PROCESSES:
	case ACT_ALLOCATE:
	case ACT_FILE:
		return "limits";
	case ACT_SETUID:
		return "no-new-privs";
	default:
		return "permissions";
	}
}

static const struct {
	unsigned layer;
	const char *name;
} singles[] = {
	{ 0, NULL },		/* what holds always; named by without_layers */
	{ SANDBOX_NAMESPACES, "namespaces" },
	{ SANDBOX_LANDLOCK, "landlock" },
	{ SANDBOX_SECCOMP, "seccomp" },
	{ SANDBOX_UID, "uid" },
};

static void name_layer(struct sandbox_check *check, enum probe_act act, const struct scene *s,
		       bool alone[][ACT_COUNT], const bool *tried)
{
	const char *by = nothing_to_attack(s, act);
	size_t i;

	for (i = 0; check->blocked && !by && i < ARRAY_LEN(singles); i++)
		if (tried[i] && !alone[i][act])
			by = i ? singles[i].name : without_layers(act);
	snprintf(check->by, sizeof(check->by), "%s", !check->blocked ? "" : by ? by : "several together");
}

static enum avo_status attack_all(struct sandbox_check *checks, struct scene *s, struct error *err)
{
	unsigned found = layers_found();
	bool done[ACT_COUNT] = { false }, alone[ARRAY_LEN(singles)][ACT_COUNT] = { { false } };
	bool tried[ARRAY_LEN(singles)] = { false };
	enum avo_status st = attack(done, s, found, err);
	size_t i;

	for (i = 0; st == AVO_OK && i < ARRAY_LEN(singles); i++) {
		unsigned how = singles[i].layer == SANDBOX_NAMESPACES ? found & SANDBOX_HOW : 0;

		tried[i] = (singles[i].layer & found) == singles[i].layer;
		if (tried[i])
			st = attack(alone[i], s, singles[i].layer | how, err);
	}
	for (i = 0; st == AVO_OK && i < ACT_COUNT; i++) {
		checks[i] = (struct sandbox_check){ .act = act_names[i], .blocked = !done[i],
						  .tried = !nothing_to_attack(s, (enum probe_act)i) };
		name_layer(&checks[i], (enum probe_act)i, s, alone, tried);
	}
	return st;
}

enum avo_status sandbox_self_check(struct sandbox_check checks[SANDBOX_MAX_CHECKS], int *count, struct error *err)
{
	struct scene s = { .tcp = -1, .udp = -1, .path_socket = -1, .abstract_socket = -1, .secret = 0x5ec2e7 };
	enum avo_status st;

	*count = 0;
	if (!main_asks)
		return error_set(err, AVO_USAGE, "this program cannot be its own probe: main() does not call sandbox_maybe_probe");
	st = make_dirs(&s, err);
	if (st == AVO_OK) {
		make_home(&s);
		make_sockets(&s);
		st = attack_all(checks, &s, err);
	}
	if (st == AVO_OK)
		*count = ACT_COUNT;
	clear_scene(&s);
	return st;
}
