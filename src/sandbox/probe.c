/*
 * What runs inside during the self-check: it tries, really, everything that
 * must not be possible. It holds no secrets and harms nothing when it
 * succeeds: what it attacks was set up by check.c for that purpose.
 */
#include "avo.h"
#include "base/str.h"
#include "sandbox/plan.h"
#include "sandbox/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static bool can_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_read(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool done = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

static struct sockaddr_in local_port(const char *text)
{
	long port = 0;

	str_to_long(&port, text, 1, 65535);
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
}

static bool can_connect(int family, const void *address, size_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && connect(fd, address, (socklen_t)len) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool try_tcp(const struct probe_targets *t)
{
	struct sockaddr_in a = local_port(t->tcp);

	return can_connect(AF_INET, &a, sizeof(a));
}

/* Whether it arrived is for the parent to say: a loopback of one's own takes it too. */
static bool try_udp(const struct probe_targets *t)
{
	struct sockaddr_in a = local_port(t->udp);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool try_unix(const struct probe_targets *t)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", t->socket);
	return can_connect(AF_UNIX, &a, sizeof(a));
}

static bool try_abstract(const struct probe_targets *t)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(t->abstract);

	if (len >= sizeof(a.sun_path))
		return false;
	memcpy(a.sun_path + 1, t->abstract, len);
	return can_connect(AF_UNIX, &a, offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

static pid_t victim_pid(const struct probe_targets *t)
{
	long pid = 0;

	str_to_long(&pid, t->victim, 2, 1L << 30);
	return pid == getpid() ? 0 : (pid_t)pid;
}

static bool try_memory(const struct probe_targets *t)
{
	uintptr_t address = strtoull(t->address, NULL, 16);
	uint64_t word = 0;
	struct iovec here = { &word, sizeof(word) }, there = { (void *)address, sizeof(word) };
	pid_t pid = victim_pid(t);

	if (pid <= 0)
		return false;
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof(word))
		return true;
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0)
		return false;
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return true;
}

static bool try_environ(const struct probe_targets *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/environ", (long)victim_pid(t));
	return can_read(path);
}

static bool try_signal(const struct probe_targets *t)
{
	pid_t pid = victim_pid(t);

	return pid > 0 && kill(pid, SIGUSR1) == 0;
}

/* Far beyond the limit, so that a user who starts and ends processes meanwhile does not decide. */
static bool try_processes(const struct probe_targets *t)
{
	pid_t pids[PROBE_PROCESSES * 8];
	size_t n = 0, i;

	while (n < ARRAY_LEN(pids)) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0)
			break;
		pids[n++] = pid;
	}
	for (i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return n == ARRAY_LEN(pids);
}

static bool try_file(const struct probe_targets *t)
{
	static const char block[65536];
	int fd = open(t->big, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t written = 0;

	signal(SIGXFSZ, SIG_IGN);
	while (fd >= 0 && written < 2 * PROBE_FILE_BYTES) {
		ssize_t n = write(fd, block, sizeof(block));

		if (n <= 0)
			break;
		written += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	unlink(t->big);
	return written > PROBE_FILE_BYTES;
}

static bool try_gpu(const struct probe_targets *t)
{
	char **nodes = plan_gpu_nodes(), **node;
	bool opened = false;
	struct stat sb;

	for (node = nodes; *node; node++) {
		int fd = open(*node, O_RDWR | O_CLOEXEC);

		opened = opened || (fd >= 0 && fstat(fd, &sb) == 0 && S_ISCHR(sb.st_mode));
		if (fd >= 0)
			close(fd);
	}
	plan_free_nodes(nodes);
	return opened;
}

/* Effective capabilities of a process once it is the program of that name; -1 while it is not. */
static int capable(pid_t pid, const char *name)
{
	char path[64], line[256], comm[64] = "";
	int result = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "Name: %63s", comm);
		if (str_starts(line, "CapEff:") && strcmp(comm, name) == 0)
			result = strspn(line + 7, "\t 0") != strcspn(line, "\n") - 7;
	}
	if (f)
		fclose(f);
	return result;
}

static bool gains_by(const char *program)
{
	const char *name = strrchr(program, '/') + 1;
	int in[2], tries, got = -1;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);	/* it waits for an answer there while we look at it */
		freopen("/dev/null", "w", stdout);
		freopen("/dev/null", "w", stderr);
		execl(program, name, (char *)NULL);
		_exit(127);
	}
	for (tries = 0; pid > 0 && got < 0 && tries < 100; tries++) {
		got = capable(pid, name);
		usleep(1000);
	}
	close(in[0]);
	close(in[1]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return got == 1;
}

static bool try_setuid(const struct probe_targets *t)
{
	static const char *const programs[] = { "/usr/bin/passwd", "/usr/bin/chsh", "/usr/bin/su", "/bin/su" };
	struct stat sb;
	size_t i;

	for (i = 0; i < ARRAY_LEN(programs); i++)
		if (stat(programs[i], &sb) == 0 && sb.st_mode & S_ISUID)
			return gains_by(programs[i]);
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

static bool try_write(const struct probe_targets *t) { return can_create(t->outside); }
static bool try_home(const struct probe_targets *t) { return can_create(t->home); }
static bool try_read_home(const struct probe_targets *t) { return can_read(t->home_secret); }
static bool try_read_run(const struct probe_targets *t) { return can_read(t->run_secret); }

/* In this order: the signal last of those that need the victim alive. */
static const struct {
	enum probe_act act;
	bool (*attempt)(const struct probe_targets *t);
} attempts[] = {
	{ ACT_WRITE_OUTSIDE, try_write }, { ACT_WRITE_HOME, try_home }, { ACT_READ_HOME, try_read_home },
	{ ACT_READ_RUN, try_read_run }, { ACT_TCP, try_tcp }, { ACT_UDP, try_udp }, { ACT_UNIX, try_unix },
	{ ACT_ABSTRACT, try_abstract }, { ACT_MEMORY, try_memory }, { ACT_ENVIRON, try_environ },
	{ ACT_SIGNAL, try_signal }, { ACT_FILE, try_file }, { ACT_GPU, try_gpu }, { ACT_SETUID, try_setuid },
	{ ACT_PROCESSES, try_processes },
};

static void take_target(struct probe_targets *t, const char *arg)
{
#define X(name) if (str_starts(arg, #name "=")) t->name = arg + sizeof(#name);
	PROBE_TARGETS(X)
#undef X
}

int probe_main(int argc, char **argv)
{
	struct probe_targets t = {
#define X(name) .name = "",
		PROBE_TARGETS(X)
#undef X
	};
	size_t i;

	for (; argc > 0; argc--, argv++)
		take_target(&t, *argv);
	for (i = 0; i < ARRAY_LEN(attempts); i++) {
		bool done = attempts[i].attempt(&t);

		printf("%d %s\n", attempts[i].act, done ? "done" : "refused");
		fflush(stdout);
	}
	return 0;
}
