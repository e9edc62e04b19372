/* Which layers work on this machine: each is tried on a child of ours, alone and then together. */
#include "avo.h"
#include "base/child.h"
#include "base/str.h"
#include "sandbox/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned layer;
} names[] = {
	{ "namespaces", SANDBOX_NAMESPACES },
	{ "bwrap", SANDBOX_NAMESPACES | SANDBOX_BWRAP },
	{ "landlock", SANDBOX_LANDLOCK },
	{ "seccomp", SANDBOX_SECCOMP },
	{ "uid", SANDBOX_UID },
};

/* Run inside, under the layers of plan: is what they promise true? */
int layers_look_around(const struct plan *plan)
{
	if (plan->layers & SANDBOX_NAMESPACES && access("/sys", F_OK) == 0)
		return 1;	/* still the old root */
	/* "/" is in no list of what can be read */
	if (plan->layers & SANDBOX_LANDLOCK && open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0)
		return 1;
	errno = 0;
	if (plan->layers & SANDBOX_SECCOMP && (syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) == 0 || errno != EPERM))
		return 1;
	return plan->layers & SANDBOX_UID && geteuid() == 0;
}

static bool works(unsigned layers)
{
	const char *const argv[] = { "/proc/self/exe", "--sandbox-probe", "layers", NULL };
	const struct sandbox_policy policy = { .allow_exec = true, .allow_threads = true };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct error err;

	spec.argv = argv;
	return try_with(&result, &spec, &policy, layers, layers_look_around, &err) == AVO_OK &&
	       WIFEXITED(result.wait_status) && WEXITSTATUS(result.wait_status) == 0;
}

/* What the user asks for; it can only take away. Unset: everything. */
static unsigned wanted(void)
{
	const char *p = getenv("AVO_SANDBOX_LAYERS");
	unsigned layers = 0;
	size_t i;

	if (!p)
		return ~0u & ~(unsigned)SANDBOX_BWRAP;
	while (*p) {
		size_t len = strcspn(p, "+,");

		for (i = 0; i < ARRAY_LEN(names); i++)
			if (strlen(names[i].name) == len && strncmp(p, names[i].name, len) == 0)
				layers |= names[i].layer;
		p += len + (p[len] != '\0');
	}
	return layers;
}

/* Our own unshare first: it is faster, and lets root become nobody. Bubblewrap where only it is allowed to. */
static unsigned find_namespaces(unsigned want)
{
	if (!(want & SANDBOX_NAMESPACES))
		return 0;
	if (!(want & SANDBOX_BWRAP)) {
		if (geteuid() == 0 && works(SANDBOX_NAMESPACES))
			return SANDBOX_NAMESPACES;
		if (works(SANDBOX_NAMESPACES | SANDBOX_USERNS))
			return SANDBOX_NAMESPACES | SANDBOX_USERNS;
	}
	return bwrap_usable() && works(SANDBOX_NAMESPACES | SANDBOX_BWRAP) ? SANDBOX_NAMESPACES | SANDBOX_BWRAP : 0;
}

/* Everything at once, which is what most machines can: one or two children are enough to know. */
static unsigned find_all(unsigned want)
{
	unsigned rest = (want & (SANDBOX_LANDLOCK | SANDBOX_SECCOMP)) | (want & SANDBOX_UID && geteuid() == 0 ? SANDBOX_UID : 0);
	bool root = geteuid() == 0;

	if (!(want & SANDBOX_NAMESPACES) || want & SANDBOX_BWRAP)
		return 0;
	rest |= SANDBOX_NAMESPACES | (root ? 0 : SANDBOX_USERNS);
	return works(rest) ? rest : 0;
}

static unsigned find_layers(void)
{
	unsigned want = wanted(), found = find_all(want);

	if (found)
		return found;
	found = find_namespaces(want);
	if (want & SANDBOX_LANDLOCK && landlock_abi() > 0 && works(SANDBOX_LANDLOCK))
		found |= SANDBOX_LANDLOCK;
	if (want & SANDBOX_SECCOMP && works(SANDBOX_SECCOMP))
		found |= SANDBOX_SECCOMP;
	if (want & SANDBOX_UID && geteuid() == 0 && !(found & SANDBOX_USERNS) && works(SANDBOX_UID))
		found |= SANDBOX_UID;
	/* alone they work, but do they together? the namespaces are the ones that fail in odd places */
	if (found && !works(found))
		found &= ~(unsigned)(SANDBOX_NAMESPACES | SANDBOX_HOW);
	if (found && !works(found))
		found &= ~(unsigned)SANDBOX_UID;
	return found && works(found) ? found : 0;
}

unsigned layers_found(void)
{
	static bool known;
	static unsigned found;

	if (!known) {
		found = find_layers();
		known = true;
	}
	return found;
}

unsigned sandbox_layers(void)
{
	return layers_found() & ~(unsigned)SANDBOX_HOW;
}

char *sandbox_describe(char *out, size_t size, unsigned layers)
{
	struct buf b = BUF_INIT;

	if (layers & SANDBOX_NAMESPACES)
		buf_addstr(&b, layers_found() & SANDBOX_BWRAP ? "namespaces(bwrap)" : "namespaces");
	if (layers & SANDBOX_LANDLOCK)
		buf_printf(&b, "%slandlock(%d)", b.len ? "+" : "", landlock_abi());
	if (layers & SANDBOX_SECCOMP)
		buf_printf(&b, "%sseccomp", b.len ? "+" : "");
	if (layers & SANDBOX_UID)
		buf_printf(&b, layers & SANDBOX_NAMESPACES ? "%suid" : "%suid where others may pass", b.len ? "+" : "");
	else if (geteuid() == 0)
		buf_printf(&b, "%sroot stays root", b.len ? "+" : "");
	snprintf(out, size, "%s", b.len ? buf_cstr(&b) : "limits only");
	buf_release(&b);
	return out;
}
