#include "avo.h"
#include "cli/cli.h"
#include "sandbox/sandbox.h"

int main(int argc, char **argv)
{
	/* inside a sandbox this program is its own helper */
	int status = sandbox_maybe_probe(argc, argv);

	return status >= 0 ? status : cli_main(argc, argv);
}
