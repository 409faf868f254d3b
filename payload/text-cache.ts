/** Texts that come again and again, as names of channels do: each is made once. */

const QUOTE = 0x22;
/** Must be a power of two. */
const TEXTS = 512;
const CHARS = 32;

/** What stands behind a shorter text only leads to another place. */
const placeOf = (bytes: Uint8Array, start: number): number =>
  ((bytes[start] ?? 0) + 31 * (bytes[start + 1] ?? 0) + 7 * (bytes[start + 2] ?? 0)) & (TEXTS - 1);

export class TextCache {
  private readonly texts = new Array<string>(TEXTS).fill('');
  private readonly bytes = new Uint8Array(TEXTS * CHARS);

  /** @param start where its first character stands @returns `undefined` for one that is not known */
  find(bytes: Uint8Array, start: number): string | undefined {
    const place = placeOf(bytes, start);
    const text = this.texts[place] ?? '';
    const from = place * CHARS - start;
    const end = start + text.length;
    let at = start;
    while (at < end && bytes[at] === this.bytes[from + at]) at += 1;
    return at < end || bytes[at] !== QUOTE ? undefined : text;
  }

  /** Keeps a text of ASCII, unless it is long. */
  keep(bytes: Uint8Array, start: number, text: string): void {
    if (text.length > CHARS) return;
    const place = placeOf(bytes, start);
    this.texts[place] = text;
    this.bytes.set(bytes.subarray(start, start + text.length), place * CHARS);
  }
}
