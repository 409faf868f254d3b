/** Session identifiers: ULIDs, so that they sort by when they began. */
import { randomBytes } from 'node:crypto';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A fresh ULID: 48 bits of milliseconds, 80 random bits, in 26 characters. */
export const newSession = (millis: number = Date.now()): string => {
  let bits = (BigInt(millis) << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`);
  let text = '';
  for (let place = 0; place < 26; place += 1) {
    text = CROCKFORD.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text;
};
