/** Certificates of devices: two may count at a time, so that one replaces the other without a gap. */
import * as z from 'zod';
import { csr } from './csr.ts';

/** `pending`: being made, repeat the request to finish; `revoked`: for good. */
export const CERTIFICATE_STATES = ['pending', 'active', 'revoked'] as const;

const time = z.string().meta({ format: 'date-time' });

/** Days within which a certificate is to be replaced: AWS IoT makes them for decades, whoever signs by its own CA. */
export const CERTIFICATE_DAYS = 365;
/** Days before that from which on it is due. */
const DUE_DAYS = 30;

/** When a certificate is to be replaced. @param madeAt RFC 3339 */
export const renewBefore = (madeAt: string): string =>
  new Date(Date.parse(madeAt) + CERTIFICATE_DAYS * 86_400_000).toISOString();

/** Whether a certificate is to be replaced soon, or should have been. */
export const isDue = (before: string, now: Date): boolean =>
  now.getTime() >= Date.parse(before) - DUE_DAYS * 86_400_000;

/** A certificate as it is answered. */
export const deviceCertificate = z
  .object({
    id: z.string().meta({ description: 'Of AWS IoT' }),
    state: z.enum(CERTIFICATE_STATES),
    serial: z.string().meta({ description: 'Serial number in hexadecimal' }),
    fingerprint: z.string().meta({ description: 'SHA-256 in hexadecimal with colons' }),
    notBefore: time,
    notAfter: time,
    renewBefore: time.meta({ description: 'Replace it by then: AWS IoT itself takes it until `notAfter`' }),
    due: z
      .boolean()
      .meta({ description: 'It counts, and is to be replaced within 30 days or should have been' }),
    createdAt: time,
    createdBy: z.string(),
    revokedAt: time.optional(),
    revokedBy: z.string().optional(),
  })
  .meta({ id: 'DeviceCertificate' });
export type DeviceCertificate = z.infer<typeof deviceCertificate>;

/** What is sent to get another certificate. */
export const certificateRequest = z.object({ csr }).strict().meta({ id: 'CertificateRequest' });

/** A certificate that was made. */
export const issuedCertificate = z
  .object({ certificate: deviceCertificate, pem: z.string() })
  .meta({ id: 'IssuedCertificate' });
export type IssuedCertificate = z.infer<typeof issuedCertificate>;
