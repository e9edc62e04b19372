#include "avo.h"
#include "sandbox/sandbox.h"
#include "worker/cpu/host.h"
#include "worker/serve.h"

#include "worker/cuda/nvrtc.h"
#include "worker/cuda/planner.h"
#include "worker/cuda/runner.h"

static int usage(FILE *to, int status)
{
	fputs("usage: avo-worker\n"
	      "Evaluates attention kernels for avo: reads jobs as JSON lines on stdin, writes\n"
	      "events as JSON lines on stdout, and ends when stdin does. avo starts it; to try\n"
	      "it by hand:\n"
	      "  echo '{\"id\":1,\"op\":\"peers\",\"backend\":\"cpu\",\"suite\":\"cpu\",\"cache\":\"/tmp/c\"}' |\n"
	      "    (cat; sleep 10) | avo-worker\n", to);
	return status;
}

int main(int argc, char **argv)
{
	int probe = sandbox_maybe_probe(argc, argv);

	if (probe >= 0)
		return probe;
	if (argc == 1)
		return worker_serve();
	if (argc == 3 && strcmp(argv[1], "--candidate") == 0)
		return host_main(argv[2]);
	if (argc > 1 && strcmp(argv[1], NVRTC_PROCESS_FLAG) == 0)
		return nvrtc_process(argc, argv);
	if (argc > 1 && strcmp(argv[1], PLANNER_PROCESS_FLAG) == 0)
		return planner_process(argc, argv);
	if (argc > 1 && strcmp(argv[1], RUNNER_PROCESS_FLAG) == 0)
		return runner_process(argc, argv);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("avo-worker " PACKAGE_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	return usage(stderr, 2);
}
