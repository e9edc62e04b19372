/*
 * Bit fields that tell the tensor cores how an operand lies in shared memory.
 * Compiled by NVRTC for kernels and by the C compiler for plans and tests.
 *
 * Shared memory "matrix descriptors" are 64 bits; addresses and distances are
 * shared-window byte addresses, multiples of 16, stored divided by 16.
 *
 * Hopper (wgmma):                     Blackwell (tcgen05):
 *   [ 0,14) start address               [ 0,14) start address
 *   [16,30) leading byte offset         [16,30) leading byte offset
 *   [32,46) stride byte offset          [32,46) stride byte offset
 *   [49,52) base offset                 [46,49) version, 1
 *   [62,64) swizzle: 0 none, 1 128 B,   [49,52) base offset
 *           2 64 B, 3 32 B              [61,64) swizzle: 0 none, 2 128 B, 4 64 B, 6 32 B
 *
 * Both for bf16 tiles in the 128-byte swizzle, as the bulk copy engine writes
 * them with AVO_SWIZZLE_128B: panels of 64 columns, a row of a panel is 128
 * bytes, 8 rows make an atom of 1024 bytes, the tile starts at a multiple of 1024.
 *   K-major (Q and K; the 64 columns run along the sum): stride 1024, the leading
 *     offset is not used; 16 columns further is +32 bytes, the next panel
 *     +128 bytes * rows.
 *   MN-major (V; the 64 columns run along the output, "transposed"): stride 1024,
 *     leading offset = distance of two panels; 16 rows further is +2048 bytes.
 */
#ifndef AVO_DEVICE_DESCRIPTOR_H
#define AVO_DEVICE_DESCRIPTOR_H

#ifdef __CUDACC__
#define AVO_BOTH __host__ __device__ __forceinline__
#else
#define AVO_BOTH static inline
#endif

AVO_BOTH unsigned long long avo_descriptor_field(unsigned bytes, int shift)
{
	return (unsigned long long)((bytes >> 4) & 0x3fffu) << shift;
}

/* Hopper, 128-byte swizzle. All three in bytes. */
AVO_BOTH unsigned long long avo_wgmma_descriptor(unsigned address, unsigned leading, unsigned stride)
{
	return avo_descriptor_field(address, 0) | avo_descriptor_field(leading, 16) |
	       avo_descriptor_field(stride, 32) | 1ull << 62;
}

/* Its words: an address moves only the low one, and the stride is all of the high one. */
AVO_BOTH unsigned avo_wgmma_low(unsigned address, unsigned leading)
{
	return (unsigned)avo_wgmma_descriptor(address, leading, 0);
}

AVO_BOTH unsigned avo_wgmma_high(unsigned stride)
{
	return (unsigned)(avo_wgmma_descriptor(0, 0, stride) >> 32);
}

/* Blackwell, 128-byte swizzle. */
AVO_BOTH unsigned long long avo_umma_descriptor(unsigned address, unsigned leading, unsigned stride)
{
	return avo_descriptor_field(address, 0) | avo_descriptor_field(leading, 16) |
	       avo_descriptor_field(stride, 32) | 1ull << 46 | 2ull << 61;
}

/*
 * Blackwell's instruction descriptor for kind::f16 with bf16 operands and fp32
 * sums: D format at bit 4 (1 = fp32), A and B format at 7 and 10 (1 = bf16),
 * transpose A and B at 15 and 16 (1 = MN-major), N / 8 at 17, M / 16 at 24.
 */
AVO_BOTH unsigned avo_umma_instruction(unsigned m, unsigned n, unsigned transpose_a, unsigned transpose_b)
{
	return 1u << 4 | 1u << 7 | 1u << 10 | transpose_a << 15 | transpose_b << 16 | (n >> 3) << 17 | (m >> 4) << 24;
}

/* Where the 128-byte swizzle puts the byte `offset` of a tile that starts at a multiple of 1024. */
AVO_BOTH unsigned avo_swizzle_128b(unsigned offset)
{
	return offset ^ (offset >> 3 & 0x70u);
}

#endif
