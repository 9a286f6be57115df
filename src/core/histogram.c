/* SPDX-License-Identifier: MIT */
#include "core/histogram.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	DOUBLINGS_BELOW = 30, /* 2^-30 s is less than a nanosecond */
	DOUBLINGS_ABOVE = 13,
	EDGES = 1 << HISTOGRAM_FINEST, /* of one doubling, at the finest schema */
	FIRST = -7653,                 /* there: the first bucket to hold a nanosecond */
	TOP_BIT = 63,
};

/* edges[j] = floor(2^(63 - 30) * 1e9 * 2^((27 + j) / 256)): the upper edges of the 256 buckets from
 * FIRST on, in units of 2^-63 ns.  All from 2^63 to 2^64, they are the edges of every doubling, as
 * durations with their leading bit shifted to the top. */
static const uint64_t edges[EDGES] = {
	0x804026622026259b, 0x80992abb83a534a2, 0x80f26cddfc86b3f4, 0x814becf46d36de50,
	0x81a5ab29d5e5e7d3, 0x81ffa7a9549ca6e3, 0x8259e29e25514b70, 0x82b45c33a1fc249b,
	0x830f149542ac74c1, 0x836a0bee9d9d5401, 0x83c5426b674aa13e, 0x8420b837728601a6,
	0x847c6d7eb08beed7, 0x84d8626d3118d396, 0x8534972f227e3735, 0x85910bf0d1b7f7a3,
	0x85edc0deaa819242, 0x864ab625376b7b77, 0x86a7ebf121f08516, 0x8705626f328b539f,
	0x876319cc50cbe265, 0x87c11235836d16a3, 0x881f4bd7f06a618a, 0x887dc6e0dd157151,
	0x88dc837dae2bf159, 0x893b81dbe7ed5966, 0x899ac2292e30cbf6, 0x89fa4493447b03d3,
	0x8a5a09480e1450d0, 0x8aba10758e1ea3cf, 0x8b1a5a49e7abaa17, 0x8b7ae6f35dd2f7f9,
	0x8bdbb6a053c842e5, 0x8c3cc97f4cf1aadd, 0x8c9e1fbeecfe136f, 0x8cffb98df7fb8c27,
	0x8d61971b526dc891, 0x8dc3b8960164a7d9, 0x8e261e2d2a92cc07, 0x8e88c810146440ee,
	0x8eebb66e261532d1, 0x8f4ee976e7c8b4cc, 0x8fb2615a029f970e, 0x90161e4740cf4cee,
	0x907a206e8db8e2db, 0x90de67fff600044c, 0x9142f52ba7a2119c, 0x91a7c821f20d45f4,
	0x920ce1134637ed43, 0x9272403036b7aa56, 0x92d7e5a977d8cd12, 0x933dd1afdfb5b8e4,
	0x93a40474664e5b70, 0x940a7e28259fb382, 0x94713efc59bb6863, 0x94d8472260df7178,
	0x953f96cbbb8dce5f, 0x95a72e2a0ca44f7c, 0x960f0d6f19746f02, 0x967734ccc9db3a92,
	0x96dfa47528594d72, 0x97485c9a622adb60, 0x97b15d6ec75fcc23, 0x981aa724caf3e7c7,
	0x988439ef02e713b0, 0x98ee16002855a076, 0x99583b8b1790a8a3, 0x99c2aac2d0368057,
	0x9a2d63da754b35ed, 0x9a9867054d512391, 0x9b03b476c26191f4, 0x9b6f4c6262456c0e,
	0x9bdb2efbde8e040d, 0x9c475c770cade96d, 0x9cb3d507e611d055, 0x9d2098e288398a37,
	0x9d8da83b34d10fcc, 0x9dfb034651c99c68, 0x9e68aa386972dac2, 0x9ed69d462a942332,
	0x9f44dca46885cb79, 0x9fb368881b4a8811, 0xa02241265fa8df27, 0xa09166b47744ad34,
	0xa100d967c8b8bb54, 0xa1709975dfb06757, 0xa1e0a7146d015daf, 0xa251027946c56529,
	0xa2c1abda68743c96, 0xa332a36df2fd8a6a, 0xa3a3e96a2ce2de55, 0xa4157e058251c4f0,
	0xa4876176853ded7b, 0xa4f993f3ed7b61ca, 0xa56c15b498d8d05d, 0xa5dee6ef8b39e8c1,
	0xa65207dbeeb1ca2e, 0xa6c578b1139d848c, 0xa73939a670beabd8, 0xa7ad4af3a355fdf8,
	0xa821acd06f3e1b13, 0xa8965f74bf065071, 0xa90b6318a40d75f7, 0xa980b7f4569cde45,
	0xa9f65e403603598b, 0xaa6c5634c8b04b16, 0xaae2a00abc4ed1b4, 0xab593bfae5e102e9,
	0xabd02a3e41db390d, 0xac476b0df43f745f, 0xacbefea348b8cf18, 0xad36e537b2b7048d,
	0xadaf1f04cd8a0b6a, 0xae27ac445c7dc318, 0xaea08d304af5b45a, 0xaf19c202ac88e526,
	0xaf934af5bd1dbfd9, 0xb00d2843e1060dc2, 0xb0875a27a51b0517, 0xb101e0dbbed96a6e,
	0xb17cbc9b0c7dc5ab, 0xb1f7eda09520aa93, 0xb273742788d314f4, 0xb2ef506b40bad885,
	0xb36b82a73f2f247d, 0xb3e80b172fd51af7, 0xb464e9f6e7bc7c2f, 0xb4e21f82657c65a1,
	0xb55fabf5d1502524, 0xb5dd8f8d7d341ffd, 0xb65bca85e502ce07, 0xb6da5d1bae91c8fa,
	0xb759478ba9ceefda, 0xb7d88a12d0dd9ea0, 0xb85824ee4833fa2c, 0xb8d8185b5eb8508c,
	0xb95864978dde8da6, 0xb9d909e079c5c456, 0xba5a0873f155cc08, 0xbadb608fee5cf2e4,
	0xbb5d127295adc498, 0xbbdf1e5a373ce5c6, 0xbc6184854e3f0431, 0xbce445328146dbb2,
	0xbd6760a0a2634fff, 0xbdead70eaf3d9b5a, 0xbe6ea8bbd137922e, 0xbef2d5e75d89fbb7,
	0xbf775ed0d562ffaf, 0xbffc43b7e604a922, 0xc08184dc68e37e6a, 0xc107227e63c52e6c,
	0xc18d1cde08df531b, 0xc213743bb6f64957, 0xc29a28d7f97c1e36, 0xc3213af388af91c0,
	0xc3a8aacf49bb2f35, 0xc43078ac4ed47ae7, 0xc4b8a4cbd75b35b9, 0xc5412f6f4ff8b64a,
	0xc5ca18d852bf57f2, 0xc6536148a749ff7d, 0xc6dd090242dbb5d7, 0xc7671047487f5899,
	0xc7f1775a092760a6, 0xc87c3e7d03cdbec3, 0xc90765f2e593ce5b, 0xc992edfe89e25e6a,
	0xca1ed6e2fa89d0a3, 0xcaab20e36fe24ee5, 0xcb37cc4350ec1709, 0xcbc4d946336fdd19,
	0xcc52482fdc1f4407, 0xcce019443eb56ce4, 0xcd6e4cc77e179cbc, 0xcdfce2fdec75f913,
	0xce8bdc2c0b6c5b1b, 0xcf1b38968c2339b8, 0xcfaaf8824f70aa54, 0xd03b1c3465f978a8,
	0xd0cba3f21052556b, 0xd15c9000bf211c1f, 0xd1ede0a6133e2fdf, 0xd27f9627ddd5ef69,
	0xd311b0cc208a4053, 0xd3a430d90d943190, 0xd437169507e5b548, 0xd4ca6246a34b721a,
	0xd55e1434a48eabdd, 0xd5f22ca6019743e0, 0xd686abe1e18dd0ca, 0xd71b922f9cfdce24,
	0xd7b0dfd6bdf7e39a, 0xd846951f0034440a, 0xd8dcb2505135246b, 0xd97337b2d0694aa4,
	0xda0a258ecf4eb45d, 0xdaa17c2cd19555db, 0xdb393bd58d41f0fd, 0xdbd164d1ead1046a,
	0xdc69f76b0559d2f7, 0xdd02f3ea2ab18362, 0xdd9c5a98db8e586f, 0xde362bc0cbab0174,
	0xded067abe1ea0368, 0xdf6b0ea438793a89, 0xe00620f41cf574a5, 0xe0a19ee6108e2417,
	0xe13d88c4c8292b90, 0xe1d9dedb2c86c2b2, 0xe276a1745a65739f, 0xe313d0dba2a63176,
	0xe3b16d5c8a7087e7, 0xe44f7742cb56e3dd, 0xe4edeeda537af560, 0xe58cd46f45b22aac,
	0xe62c284df9aa44a5, 0xe6cbeac2fc0e04aa, 0xe76c1c1b0ea9f3db, 0xe80cbca3289143eb,
	0xe8adcca87642c986, 0xe94f4c7859ce1066, 0xe9f13c606af88922, 0xea939cae7762d0ca,
	0xeb366db082ae1265, 0xebd9afb4c6a18262, 0xec7d6309b34ff407, 0xed2187fdef3d8902,
	0xedc61ee057857b14, 0xee6b280000000000, 0xef10a3ac336847c4, 0xefb6923473829532,
	0xf05cf3e8794270f6, 0xf103c91834f0f723, 0xf1ab1213ce533f59, 0xf252cf2ba4d0df88,
	0xf2fb00b04f9a897e, 0xf3a3a6f29dd0c333, 0xf44cc24396aab9ff, 0xf4f652f4799d30c2,
	0xf5a05956be818907, 0xf64ad5bc15bce751, 0xf6f5c87668677280, 0xf7a131d7d873ae82,
	0xf84d1232c0d5f250, 0xf8f969d9b5abf948, 0xf9a6391f8464900a, 0xfa53805733e75cd8,
	0xfb013fd404bcc38e, 0xfbaf77e97135e555, 0xfc5e28eb2d94bc11, 0xfd0d532d283451a6,
	0xfdbcf70389b1132f, 0xfe6d14c2b5114024, 0xff1dacbf47ed75a0, 0xffcebf4e1a9955be,
};

int histogram_lowest(int schema)
{
	return -(DOUBLINGS_BELOW << schema) + 1;
}

int histogram_highest(int schema)
{
	return DOUBLINGS_ABOVE << schema;
}

static size_t length_of(int schema)
{
	return (size_t)(DOUBLINGS_BELOW + DOUBLINGS_ABOVE) << schema;
}

size_t histogram_bytes(int schema)
{
	return length_of(schema) * sizeof(uint64_t);
}

int histogram_init(struct histogram *histogram, int schema)
{
	assert(schema >= HISTOGRAM_COARSEST && schema <= HISTOGRAM_FINEST);
	*histogram = (struct histogram){
		.schema = schema,
		.buckets = calloc(length_of(schema), sizeof(uint64_t)),
	};
	return histogram->buckets ? 0 : -ENOMEM;
}

void histogram_done(struct histogram *histogram)
{
	free(histogram->buckets);
	*histogram = (struct histogram){ 0 };
}

void histogram_clear(struct histogram *histogram)
{
	memset(histogram->buckets, 0, histogram_bytes(histogram->schema));
	histogram->zero = histogram->count = 0;
}

int histogram_copy(struct histogram *out, const struct histogram *histogram)
{
	struct histogram copy;

	if (histogram_init(&copy, histogram->schema) < 0)
		return -ENOMEM;
	memcpy(copy.buckets, histogram->buckets, histogram_bytes(histogram->schema));
	copy.zero = histogram->zero;
	copy.count = histogram->count;
	*out = copy;
	return 0;
}

int64_t histogram_edge(int schema, int i)
{
	int beyond = i * (1 << (HISTOGRAM_FINEST - schema)) - FIRST;

	if (beyond < 0)
		return 0;
	return (int64_t)(edges[beyond % EDGES] >> (TOP_BIT - beyond / EDGES));
}

/* log2(1 + x), both in units of 2^-16 and at most 0.0009 off: a quarter of a bucket. */
static uint32_t logarithm(uint32_t x)
{
	return x + (((x * (65536 - x)) >> 16) * (27720 - ((10450 * x) >> 16)) >> 16);
}

/* How many of the edges of a doubling are below mantissa, whose leading bit is at the top. */
static int edges_below(uint64_t mantissa)
{
	int j = (int)(logarithm((uint32_t)(mantissa >> 47) & 0xffff) >>
	              (16 - HISTOGRAM_FINEST));

	while (j < EDGES && edges[j] < mantissa)
		j++;
	while (j > 0 && edges[j - 1] >= mantissa)
		j--;
	return j;
}

int histogram_bucket(int schema, int64_t duration)
{
	if (duration <= 0)
		return HISTOGRAM_ZERO;
	int shift = __builtin_clzll((uint64_t)duration);
	int finest =
		FIRST + (TOP_BIT - shift) * EDGES + edges_below((uint64_t)duration << shift);
	int steps = HISTOGRAM_FINEST - schema;
	int i = (finest + (1 << steps) - 1) >> steps;

	return i < histogram_highest(schema) ? i : histogram_highest(schema);
}

static uint64_t *bucket(const struct histogram *histogram, int i)
{
	return &histogram->buckets[i - histogram_lowest(histogram->schema)];
}

void histogram_record(struct histogram *histogram, int64_t duration)
{
	int i = histogram_bucket(histogram->schema, duration);

	histogram->count++;
	if (i == HISTOGRAM_ZERO)
		histogram->zero++;
	else
		++*bucket(histogram, i);
}

int histogram_bucket_at(const struct histogram *histogram, uint64_t rank)
{
	uint64_t seen = histogram->zero;
	int i = histogram_lowest(histogram->schema) - 1;

	if (seen >= rank)
		return HISTOGRAM_ZERO;
	while (seen < rank && i < histogram_highest(histogram->schema))
		seen += *bucket(histogram, ++i);
	return i;
}

uint64_t histogram_rank(double q, uint64_t count)
{
	double rank = q * (double)count;

	/* The margin keeps 0.07 of 100 from being the 8th by the last bit of a double. */
	return (uint64_t)ceil(rank - rank * 1e-12);
}

int64_t histogram_quantile(const struct histogram *histogram, double q)
{
	int i;

	if (histogram->count == 0)
		return 0;
	i = histogram_bucket_at(histogram, histogram_rank(q, histogram->count));
	if (i == HISTOGRAM_ZERO)
		return 0;
	double width = exp2(ldexp(1, -histogram->schema)); /* of a bucket: upper / lower edge */

	return llround(exp2(ldexp(i, -histogram->schema)) * 1e9 * 2 / (1 + width));
}

void histogram_coarsen(struct histogram *histogram)
{
	if (histogram->schema == HISTOGRAM_COARSEST)
		return;
	/* Buckets come in pairs, the lowest being odd: what is written has been read already. */
	size_t length = length_of(histogram->schema - 1);
	uint64_t *buckets = histogram->buckets;

	for (size_t at = 0; at < length; at++)
		buckets[at] = buckets[2 * at] + buckets[2 * at + 1];
	memset(buckets + length, 0, length * sizeof(uint64_t));
	histogram->schema--;
}

void histogram_merge(struct histogram *into, struct histogram *from)
{
	while (into->schema > from->schema)
		histogram_coarsen(into);
	while (from->schema > into->schema)
		histogram_coarsen(from);
	for (size_t at = 0; at < length_of(into->schema); at++)
		into->buckets[at] += from->buckets[at];
	into->zero += from->zero;
	into->count += from->count;
}

struct histogram_range histogram_range(const struct histogram *histogram)
{
	size_t first = 0, end = length_of(histogram->schema);

	while (end > 0 && histogram->buckets[end - 1] == 0)
		end--;
	while (first < end && histogram->buckets[first] == 0)
		first++;
	if (first == end)
		return (struct histogram_range){ 0 };
	return (struct histogram_range){
		.offset = histogram_lowest(histogram->schema) + (int)first,
		.length = end - first,
		.counts = histogram->buckets + first,
	};
}
