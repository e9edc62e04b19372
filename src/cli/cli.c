#include "avo.h"
#include "cli/cli.h"

int cli_main(int argc, char **argv)
{
	printf("avo %s\n", PACKAGE_VERSION);
	return 0;
}
