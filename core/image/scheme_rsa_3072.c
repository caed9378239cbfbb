/* RSASSA-PSS with 3072 bits and SHA-256. */
#include "core/image/scheme_rsa.h"

const ud_image_scheme_t ud_scheme_rsa_3072 = UD_SCHEME_RSA(UD_IMAGE_TLV_RSA_3072, UD_RSA_3072_SIZE);
