/** The certificates of a device as they are kept, and what may become of them. */
import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import {
  CERTIFICATE_STATES,
  type DeviceCertificate,
  isDue,
  renewBefore,
} from '../../../contracts/resources/certificates.ts';

/** A certificate as it is kept; none of it is secret. */
export const keptCertificate = z.object({
  id: z.string(),
  arn: z.string(),
  pem: z.string(),
  state: z.enum(CERTIFICATE_STATES),
  createdAt: z.string(),
  createdBy: z.string(),
  revokedAt: z.string().optional(),
  revokedBy: z.string().optional(),
});
export type KeptCertificate = z.infer<typeof keptCertificate>;

/** Certificates that may count at a time, those that are being made included. */
export const MOST_CERTIFICATES = 2;
/** Revoked ones that are remembered. */
const REVOKED_KEPT = 3;

/** Whether a certificate counts, or is about to. */
export const isLive = ({ state }: KeptCertificate): boolean => state !== 'revoked';

/** With one added or in the place of that of the same identifier; of those that were revoked the last are kept. */
export const withCertificate = (
  all: readonly KeptCertificate[],
  one: KeptCertificate,
): readonly KeptCertificate[] => {
  const next = all.some(({ id }) => id === one.id)
    ? all.map((each) => (each.id === one.id ? one : each))
    : [...all, one];
  const forgotten = next.filter((each) => !isLive(each)).slice(0, -REVOKED_KEPT);
  return next.filter((each) => !forgotten.includes(each));
};

/** The certificate that a device is meant to use: the newest that counts. */
export const currentOf = (all: readonly KeptCertificate[]): KeptCertificate | undefined =>
  all.findLast(({ state }) => state === 'active');

/** A certificate as it is shown. */
export const shown = (kept: KeptCertificate, now: Date): DeviceCertificate => {
  const { arn: _arn, pem, ...rest } = kept;
  const certificate = new X509Certificate(pem);
  const before = renewBefore(kept.createdAt);
  return {
    ...rest,
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint256,
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    renewBefore: before,
    due: isLive(kept) && isDue(before, now),
  };
};
