#include "avo.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct loop_fd {
	struct loop_fd *next;
	int fd;
	short events;
	bool dead;		/* removed while the list was being walked */
	loop_fd_fn *fn;
	void *arg;
};

struct loop_timer {
	struct loop_timer *next;
	int64_t due_ms;
	loop_timer_fn *fn;
	void *arg;
};

struct loop_child {
	struct loop_child *next;
	pid_t pid;
	bool dead;
	loop_child_fn *fn;
	void *arg;
};

struct signal_slot {
	loop_signal_fn *fn;
	void *arg;
};

struct loop {
	struct loop_fd *fds;
	struct loop_timer *timers;	/* sorted by due_ms, first in first out among equals */
	struct loop_child *children;
	struct signal_slot signals[NSIG];
	sigset_t mask, old_mask;
	int signal_fd;
	int walking;			/* depth of walks over fds and children: no frees meanwhile */
	bool stopped;
	loop_wait_fn *wait;
	void *wait_arg;
};

static int wait_in_poll(void *arg, struct pollfd *fds, unsigned count, int timeout_ms)
{
	return poll(fds, count, timeout_ms);
}

static void reap_children(struct loop *loop)
{
	struct loop_child *c;

	loop->walking++;
	for (c = loop->children; c; c = c->next) {
		int status;

		if (c->dead || waitpid(c->pid, &status, WNOHANG) != c->pid)
			continue;
		c->dead = true;
		c->fn(c->arg, c->pid, status);
	}
	loop->walking--;
}

static void read_signals(void *arg, int fd, short revents)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		struct signal_slot *slot = &loop->signals[info.ssi_signo % NSIG];

		if (info.ssi_signo == SIGCHLD)
			reap_children(loop);
		if (slot->fn)
			slot->fn(slot->arg, (int)info.ssi_signo);
	}
}

enum avo_status loop_new(struct loop **out, struct error *err)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	sigemptyset(&loop->mask);
	sigaddset(&loop->mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &loop->mask, &loop->old_mask);
	loop->signal_fd = signalfd(-1, &loop->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signal_fd < 0) {
		enum avo_status st = error_errno(err, errno, "cannot watch signals");

		free(loop);
		return st;
	}
	loop->wait = wait_in_poll;
	loop_add_fd(loop, loop->signal_fd, POLLIN, read_signals, loop);
	*out = loop;
	return AVO_OK;
}

static void sweep(struct loop *loop, bool all)
{
	struct loop_fd **f = &loop->fds;
	struct loop_child **c = &loop->children;

	while (*f) {
		struct loop_fd *watch = *f;

		if (all || watch->dead) {
			*f = watch->next;
			free(watch);
		} else {
			f = &watch->next;
		}
	}
	while (*c) {
		struct loop_child *child = *c;

		if (all || child->dead) {
			*c = child->next;
			free(child);
		} else {
			c = &child->next;
		}
	}
}

void loop_free(struct loop *loop)
{
	struct loop_timer *t, *next;

	if (!loop)
		return;
	sweep(loop, true);
	for (t = loop->timers; t; t = next) {
		next = t->next;
		free(t);
	}
	close(loop->signal_fd);
	sigprocmask(SIG_SETMASK, &loop->old_mask, NULL);
	free(loop);
}

struct loop_fd *loop_add_fd(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg)
{
	struct loop_fd *watch = xcalloc(1, sizeof(*watch));

	watch->fd = fd;
	watch->events = events;
	watch->fn = fn;
	watch->arg = arg;
	watch->next = loop->fds;
	loop->fds = watch;
	return watch;
}

void loop_set_events(struct loop_fd *watch, short events)
{
	watch->events = events;
}

void loop_remove_fd(struct loop *loop, struct loop_fd *watch)
{
	if (!watch)
		return;
	watch->dead = true;
	if (!loop->walking)
		sweep(loop, false);
}

struct loop_timer *loop_add_timer(struct loop *loop, int64_t delay_ms, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t)), **at = &loop->timers;

	t->due_ms = clock_mono_ms() + (delay_ms > 0 ? delay_ms : 0);
	t->fn = fn;
	t->arg = arg;
	while (*at && (*at)->due_ms <= t->due_ms)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	return t;
}

void loop_remove_timer(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **at;

	if (!timer)
		return;
	at = &loop->timers;
	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at) {
		*at = timer->next;
		free(timer);
	}
}

static void late_reap(void *arg)
{
	reap_children(arg);
}

struct loop_child *loop_add_child(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg)
{
	struct loop_child *c = xcalloc(1, sizeof(*c));

	c->pid = pid;
	c->fn = fn;
	c->arg = arg;
	c->next = loop->children;
	loop->children = c;
	/* it may have ended before it was watched */
	loop_add_timer(loop, 0, late_reap, loop);
	return c;
}

void loop_remove_child(struct loop *loop, struct loop_child *child)
{
	if (!child)
		return;
	child->dead = true;
	if (!loop->walking)
		sweep(loop, false);
}

void loop_on_signal(struct loop *loop, int sig, loop_signal_fn *fn, void *arg)
{
	loop->signals[sig].fn = fn;
	loop->signals[sig].arg = arg;
	sigaddset(&loop->mask, sig);
	sigprocmask(SIG_BLOCK, &loop->mask, NULL);
	signalfd(loop->signal_fd, &loop->mask, 0);
}

void loop_set_wait(struct loop *loop, loop_wait_fn *fn, void *arg)
{
	loop->wait = fn ? fn : wait_in_poll;
	loop->wait_arg = arg;
}

static void run_timers(struct loop *loop)
{
	int64_t now = clock_mono_ms();

	/* timers added by callbacks with no delay wait for the next round */
	while (loop->timers && loop->timers->due_ms <= now && !loop->stopped) {
		struct loop_timer *t = loop->timers;
		loop_timer_fn *fn = t->fn;
		void *arg = t->arg;

		loop->timers = t->next;
		free(t);
		fn(arg);
		if (clock_mono_ms() > now + 50)
			break;
	}
}

static int timeout_of(struct loop *loop, int max_ms)
{
	int64_t left;

	if (!loop->timers)
		return max_ms;
	left = loop->timers->due_ms - clock_mono_ms();
	if (left < 0)
		left = 0;
	if (max_ms >= 0 && left > max_ms)
		left = max_ms;
	return left > 3600000 ? 3600000 : (int)left;
}

void loop_once(struct loop *loop, int max_ms)
{
	struct loop_fd *w;
	struct pollfd *fds;
	struct loop_fd **owners;
	unsigned n = 0, i;

	for (w = loop->fds; w; w = w->next)
		n++;
	fds = xcalloc(n, sizeof(*fds));
	owners = xcalloc(n, sizeof(*owners));
	for (i = 0, w = loop->fds; w; w = w->next, i++) {
		fds[i] = (struct pollfd){ .fd = w->fd, .events = w->events };
		owners[i] = w;
	}
	if (loop->wait(loop->wait_arg, fds, n, timeout_of(loop, max_ms)) > 0) {
		loop->walking++;
		for (i = 0; i < n && !loop->stopped; i++)
			if (fds[i].revents && !owners[i]->dead)
				owners[i]->fn(owners[i]->arg, owners[i]->fd, fds[i].revents);
		loop->walking--;
	}
	free(fds);
	free(owners);
	if (!loop->stopped)
		run_timers(loop);
	if (!loop->walking)
		sweep(loop, false);
}

void loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped)
		loop_once(loop, -1);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
