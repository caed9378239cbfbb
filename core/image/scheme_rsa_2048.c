/* RSASSA-PSS with 2048 bits and SHA-256. */
#include "core/image/scheme_rsa.h"

const ud_image_scheme_t ud_scheme_rsa_2048 = UD_SCHEME_RSA(UD_IMAGE_TLV_RSA_2048, UD_RSA_2048_SIZE);
