/* One row of a tensor by the code that the device has. */
#ifndef AVO_TESTS_FILL_DEVICE_H
#define AVO_TESTS_FILL_DEVICE_H

struct fill_recipe;
struct fill_shape;

void fill_device_row(float *out, const struct fill_recipe *recipes, const struct fill_shape *s, unsigned long long seed, int tensor, int b,
		     int position, int head);

#endif
