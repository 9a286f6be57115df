/* SPDX-License-Identifier: MIT */
#include "wire/mac.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* For their types alone: nothing of it is linked. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { DIGEST_BYTES = 32 };

/* What is needed of libcrypto. */
struct crypto {
	__typeof__(CRYPTO_memcmp) *compare;
	__typeof__(EVP_MAC_fetch) *fetch;
	__typeof__(EVP_MAC_free) *release;
	__typeof__(EVP_MAC_CTX_new) *context_new;
	__typeof__(EVP_MAC_CTX_free) *context_free;
	__typeof__(EVP_MAC_init) *init;
	__typeof__(EVP_MAC_update) *update;
	__typeof__(EVP_MAC_final) *final;
};

static const struct {
	const char *name;
	size_t place;
} symbols[] = {
	{ "CRYPTO_memcmp", offsetof(struct crypto, compare) },
	{ "EVP_MAC_fetch", offsetof(struct crypto, fetch) },
	{ "EVP_MAC_free", offsetof(struct crypto, release) },
	{ "EVP_MAC_CTX_new", offsetof(struct crypto, context_new) },
	{ "EVP_MAC_CTX_free", offsetof(struct crypto, context_free) },
	{ "EVP_MAC_init", offsetof(struct crypto, init) },
	{ "EVP_MAC_update", offsetof(struct crypto, update) },
	{ "EVP_MAC_final", offsetof(struct crypto, final) },
};

struct mac {
	void *library;
	struct crypto crypto;
	EVP_MAC_CTX *context; /* keyed; every packet begins it anew */
};

/* Finds all of libcrypto that is needed; what it cannot find is NULL. */
static int load(struct mac *mac, const char *library, struct err *err)
{
	mac->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!mac->library) {
		(void)err_set(err, -ENOENT,
		              "cannot load '%s', which a key needs (install libssl3)", library);
		return -ENOENT;
	}
	for (size_t i = 0; i < COUNT(symbols); i++) {
		void *symbol = dlsym(mac->library, symbols[i].name);

		if (!symbol) {
			(void)err_set(err, -ELIBACC, "'%s' has no '%s' (libcrypto 3 is needed)",
			              library, symbols[i].name);
			return -ELIBACC;
		}
		memcpy((char *)&mac->crypto + symbols[i].place, &symbol, sizeof(symbol));
	}
	return 0;
}

static int set_key(struct mac *mac, const void *key, size_t length, struct err *err)
{
	char digest[] = "SHA256";
	const OSSL_PARAM parameters[] = {
		{ OSSL_MAC_PARAM_DIGEST, OSSL_PARAM_UTF8_STRING, digest, sizeof(digest) - 1,
		  0 },
		{ NULL, 0, NULL, 0, 0 },
	};
	EVP_MAC *algorithm = mac->crypto.fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);

	if (!algorithm)
		return err_set(err, -ELIBACC, "libcrypto offers no HMAC");
	mac->context = mac->crypto.context_new(algorithm);
	mac->crypto.release(algorithm); /* the context holds it */
	if (!mac->context)
		return err_set(err, -ENOMEM, "no memory for a key");
	if (mac->crypto.init(mac->context, key, length, parameters) != 1)
		return err_set(err, -ELIBACC,
		               "libcrypto refuses a key of %zu bytes for HMAC-SHA-256", length);
	return 0;
}

int mac_new_by(struct mac **out, const char *library, const void *key, size_t length,
               struct err *err)
{
	if (length == 0)
		return err_set(err, -EINVAL, "a key cannot be empty");
	struct mac *mac = calloc(1, sizeof(*mac));

	if (!mac)
		return err_set(err, -ENOMEM, "no memory for a key");
	int result = load(mac, library, err);

	if (result == 0)
		result = set_key(mac, key, length, err);
	if (result < 0) {
		mac_free(mac);
		return result;
	}
	*out = mac;
	return 0;
}

int mac_new(struct mac **out, const void *key, size_t length, struct err *err)
{
	return mac_new_by(out, "libcrypto.so.3", key, length, err);
}

void mac_free(struct mac *mac)
{
	if (!mac)
		return;
	if (mac->context)
		mac->crypto.context_free(mac->context); /* which wipes the key */
	if (mac->library)
		(void)dlclose(mac->library);
	free(mac);
}

int mac_sign_parts(struct mac *mac, const struct mac_part *parts, size_t count, uint8_t *out)
{
	const struct crypto *crypto = &mac->crypto;
	uint8_t digest[DIGEST_BYTES];
	size_t length = 0;

	if (crypto->init(mac->context, NULL, 0, NULL) != 1)
		return -EIO;
	for (size_t i = 0; i < count; i++)
		if (crypto->update(mac->context, parts[i].data, parts[i].length) != 1)
			return -EIO;
	if (crypto->final(mac->context, digest, &length, sizeof(digest)) != 1 ||
	    length != sizeof(digest))
		return -EIO;
	memcpy(out, digest, MAC_BYTES);
	return 0;
}

int mac_sign(struct mac *mac, const void *data, size_t length, uint8_t *out)
{
	return mac_sign_parts(mac, &(struct mac_part){ data, length }, 1, out);
}

bool mac_matches_parts(struct mac *mac, const struct mac_part *parts, size_t count,
                       const uint8_t *expected)
{
	uint8_t right[MAC_BYTES];

	/* The right one must not stay behind for whoever sent a wrong one. */
	bool matches = mac_sign_parts(mac, parts, count, right) == 0 &&
	               mac->crypto.compare(right, expected, MAC_BYTES) == 0;

	explicit_bzero(right, sizeof(right));
	return matches;
}

bool mac_matches(struct mac *mac, const void *data, size_t length, const uint8_t *expected)
{
	return mac_matches_parts(mac, &(struct mac_part){ data, length }, 1, expected);
}
