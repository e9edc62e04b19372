#include "avo.h"
#include "ui/workbench.h"

enum avo_status workbench_run(const struct workbench_options *o, struct error *err)
{
	return error_set(err, AVO_ENVIRONMENT, "this build has no workbench");
}
