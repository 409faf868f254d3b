/** Digests, and how secrets are compared. */
import { hash, timingSafeEqual } from 'node:crypto';

/** SHA-256 in hexadecimal. */
export const sha256 = (data: string | Buffer): string => hash('sha256', data, 'hex');

/** Compares two texts in a time that does not tell where they differ. */
export const isSame = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};
