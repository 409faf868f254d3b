/** Identifiers of commands. Source: the ULID specification, https://github.com/ulid/spec, in lower case. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARS = 10;
const RANDOM_BYTES = 10;

const spelt = (value: bigint, length: number): string => {
  let text = '';
  for (let left = value, at = 0; at < length; at += 1, left >>= 5n)
    text = ALPHABET[Number(left & 31n)] + text;
  return text;
};

/**
 * An identifier that sorts by time.
 * @param at when the command was asked for
 * @param random 10 random bytes: nobody guesses another's
 */
export const newCommandId = (at: Date, random: Uint8Array): string => {
  if (random.length !== RANDOM_BYTES) throw new RangeError(`${RANDOM_BYTES} random bytes are needed`);
  const bits = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return spelt(BigInt(at.getTime()), TIME_CHARS) + spelt(bits, 16);
};

/** When a command was asked for, in milliseconds since the epoch, as its identifier says. */
export const timeOfCommandId = (id: string): number =>
  [...id.slice(0, TIME_CHARS)].reduce((sum, char) => sum * 32 + ALPHABET.indexOf(char), 0);
