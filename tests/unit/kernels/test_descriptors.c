/*
 * The bit fields that tell the tensor cores how operands lie in shared memory,
 * against their documented layout, field by field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <avo/device/descriptor.h>

static uint64_t field(uint64_t word, int low, int high)	/* bits [low, high) */
{
	return word >> low & (((uint64_t)1 << (high - low)) - 1);
}

static void wgmma_descriptors_have_their_fields(void **state)
{
	/* V: 64-column panels of 176 rows, the second panel 176 * 128 bytes behind the first */
	uint64_t d = avo_wgmma_descriptor(0x34c00, 176 * 128, 1024);

	assert_int_equal(field(d, 0, 14), 0x34c00 >> 4);
	assert_int_equal(field(d, 14, 16), 0);
	assert_int_equal(field(d, 16, 30), 176 * 128 >> 4);
	assert_int_equal(field(d, 30, 32), 0);
	assert_int_equal(field(d, 32, 46), 1024 >> 4);
	assert_int_equal(field(d, 46, 62), 0);		/* base offset 0: tiles start at multiples of 1024 */
	assert_int_equal(field(d, 62, 64), 1);		/* 128-byte swizzle */
	assert_int_equal(d, (uint64_t)avo_wgmma_high(1024) << 32 | avo_wgmma_low(0x34c00, 176 * 128));
}

static void umma_descriptors_have_their_fields(void **state)
{
	uint64_t d = avo_umma_descriptor(0x38000, 16384, 1024);

	assert_int_equal(field(d, 0, 14), 0x38000 >> 4);
	assert_int_equal(field(d, 14, 16), 0);
	assert_int_equal(field(d, 16, 30), 16384 >> 4);
	assert_int_equal(field(d, 30, 32), 0);
	assert_int_equal(field(d, 32, 46), 1024 >> 4);
	assert_int_equal(field(d, 46, 49), 1);		/* version */
	assert_int_equal(field(d, 49, 52), 0);
	assert_int_equal(field(d, 52, 53), 0);		/* leading offset is a byte offset */
	assert_int_equal(field(d, 53, 61), 0);
	assert_int_equal(field(d, 61, 64), 2);		/* 128-byte swizzle */
}

static void umma_instructions_have_their_fields(void **state)
{
	for (unsigned m = 64; m <= 128; m += 64)
		for (unsigned n = 16; n <= 256; n += 16)
			for (unsigned t = 0; t < 4; t++) {
				unsigned i = avo_umma_instruction(m, n, t & 1, t >> 1);

				assert_int_equal(field(i, 0, 4), 0);	/* no sparsity, no saturation */
				assert_int_equal(field(i, 4, 6), 1);	/* D fp32 */
				assert_int_equal(field(i, 7, 10), 1);	/* A bf16 */
				assert_int_equal(field(i, 10, 13), 1);	/* B bf16 */
				assert_int_equal(field(i, 13, 15), 0);	/* no negation */
				assert_int_equal(field(i, 15, 16), t & 1);
				assert_int_equal(field(i, 16, 17), t >> 1);
				assert_int_equal(field(i, 17, 23), n / 8);
				assert_int_equal(field(i, 23, 24), 0);
				assert_int_equal(field(i, 24, 29), m / 16);
				assert_int_equal(field(i, 29, 32), 0);
			}
}

/* Sums of 32-bit low words stay in the address field, for every buffer of a 227 KiB block. */
static void addresses_do_not_carry_into_other_fields(void **state)
{
	for (unsigned address = 0; address < 232448; address += 1024)
		for (unsigned step = 0; address + step < 232448 && step <= 45056; step += 32)
			assert_int_equal(avo_wgmma_low(address, 22528) + (step >> 4), avo_wgmma_low(address + step, 22528));
}

/* The swizzle: 16-byte chunk c of row r of a panel lies at chunk c ^ r % 8; a permutation inside 1024 bytes. */
static void the_swizzle_is_the_copy_engines(void **state)
{
	for (unsigned row = 0; row < 176; row++)
		for (unsigned chunk = 0; chunk < 8; chunk++)
			assert_int_equal(avo_swizzle_128b(row * 128 + chunk * 16), row * 128 + (chunk ^ row % 8) * 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wgmma_descriptors_have_their_fields),
		cmocka_unit_test(umma_descriptors_have_their_fields),
		cmocka_unit_test(umma_instructions_have_their_fields),
		cmocka_unit_test(addresses_do_not_carry_into_other_fields),
		cmocka_unit_test(the_swizzle_is_the_copy_engines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
