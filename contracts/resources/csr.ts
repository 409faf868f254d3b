/** Certificate signing requests as they are sent. */
import * as z from 'zod';

/** One request in PEM. */
export const csr = z
  .string()
  .max(16_384)
  .regex(
    // RFC 7468, which allows text around; in that nothing else in PEM, such as the key, has any business.
    /^(?:(?!-----BEGIN)[\s\S])*-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----\s[A-Za-z0-9+/=\s]+-----END \1-----(?:(?!-----BEGIN)[\s\S])*$/,
    'use one CSR in PEM, and nothing else in PEM',
  )
  .meta({
    description:
      'PKCS #10 in PEM, signed by the key that never leaves the device: RSA of at least 2048 bits, or ECC on ' +
      'NIST P-256, P-384 or P-521. Text around it is left out.',
  });
