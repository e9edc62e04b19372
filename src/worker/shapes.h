/*
 * Shapes that no suite lists, drawn afresh for every verdict: a kernel for the
 * suite's shapes only, or for one side of any border that the suite or the
 * checks suggest, does not pass. The table of their classes is in shapes.c; its
 * ranges follow the suite, overlap it, and go beyond it in every dimension.
 */
#ifndef AVO_WORKER_SHAPES_H
#define AVO_WORKER_SHAPES_H

#include "task/fill.h"
#include "worker/random.h"

struct shape_class;

/* How many classes there are. */
int shapes_count(void);
const char *shapes_name(int class);
/* The class has room for every kind of values in one run, and is run with all of them. */
bool shapes_mixed(int class);
/* The kind of values that it has otherwise: normal, or one that a fault of just such shapes needs to be seen. */
enum fill shapes_fill(int class);
/* All output rows of such a shape are compared; else a sample. */
bool shapes_whole(int class);
/* A shape of the class, legal and within the work of the suite's largest case. */
struct task_case shapes_draw(int class, const struct suite *suite, struct random_source *seeds);
/* Elements that the largest shape of any class can have: at least what any shapes_draw() of this suite has. */
void shapes_extents(size_t *q_elements, size_t *kv_elements, const struct suite *suite);

#endif
