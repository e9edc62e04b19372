/*
 * The one event loop: descriptors, timers, signals and child exits, all served
 * from one place that waits. Callbacks run in the loop's thread and may add
 * and remove anything, themselves included.
 *
 * The place that waits can be replaced: the engine's HTTP client waits in
 * curl_multi_poll() with the loop's descriptors as extra ones.
 */
#ifndef AVO_BASE_LOOP_H
#define AVO_BASE_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_child;

enum avo_status loop_new(struct loop **out, struct error *err);
void loop_free(struct loop *loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
/* Waits at most max_ms (-1: for ever) for something to do, does it, returns. */
void loop_once(struct loop *loop, int max_ms);
void loop_stop(struct loop *loop);

/* events and revents as for poll(2). The descriptor is not owned. */
typedef void loop_fd_fn(void *arg, int fd, short revents);
struct loop_fd *loop_add_fd(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg);
void loop_set_events(struct loop_fd *watch, short events);
void loop_remove_fd(struct loop *loop, struct loop_fd *watch);		/* NULL is fine */

/* One shot; fn runs once, after which the timer is gone (the pointer is dead once fn is called). */
typedef void loop_timer_fn(void *arg);
struct loop_timer *loop_add_timer(struct loop *loop, int64_t delay_ms, loop_timer_fn *fn, void *arg);
void loop_remove_timer(struct loop *loop, struct loop_timer *timer);	/* NULL is fine */

/* fn runs once with the wait status when the child ended; the loop reaps it. */
typedef void loop_child_fn(void *arg, pid_t pid, int wait_status);
struct loop_child *loop_add_child(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg);
void loop_remove_child(struct loop *loop, struct loop_child *child);	/* the child is then yours to reap */

/* Signals arrive in the loop, never in a handler. */
typedef void loop_signal_fn(void *arg, int sig);
void loop_on_signal(struct loop *loop, int sig, loop_signal_fn *fn, void *arg);

/* The replaceable wait: like poll(2), returns the count, fills revents. */
typedef int loop_wait_fn(void *arg, struct pollfd *fds, unsigned count, int timeout_ms);
void loop_set_wait(struct loop *loop, loop_wait_fn *fn, void *arg);

#endif
