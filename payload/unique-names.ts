/**
 * Finds names that stand twice in an object of a JSON text. `JSON.parse` takes the last of them and says nothing, so
 * they are found by counting: each string of the text is a name or a text of the parsed document, unless a name
 * replaced an earlier one.
 */
import { isObject } from '../contracts/json.ts';
import { pointerToken } from './pointer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Four quotes as one number of 32 bits. */
const QUOTES = 0x22222222;
/** So many words fill a counter of eight bits for each of their bytes. */
const FULL = 255;

const quotesOneByOne = (bytes: Uint8Array, from: number): number => {
  let quotes = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) quotes += 1;
    else if (byte === BACKSLASH) at += 1;
  }
  return quotes;
};

/** Quotes of an ASCII text without backslashes, four bytes at a time (Warren, "Hacker's Delight", 2013, §6-1). */
const quotesOf = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let quotes = whole + quotesOneByOne(bytes, whole);
  for (let at = 0; at < whole; ) {
    const end = Math.min(whole, at + 4 * FULL);
    // In each of its bytes, how many are no quotes: those have the highest bit after the addition.
    let others = 0;
    for (; at < end; at += 4) {
      const word = view.getInt32(at, true) ^ QUOTES;
      others = (others + (((word + 0x7f7f7f7f) >>> 7) & 0x01010101)) | 0;
    }
    quotes -= (others & FULL) + ((others >>> 8) & FULL) + ((others >>> 16) & FULL) + (others >>> 24);
  }
  return quotes;
};

/** Names and texts of a parsed document, however deep it is. */
const stringsOf = (document: unknown): number => {
  let strings = 0;
  const left: unknown[] = [];
  const count = (value: unknown): void => {
    if (typeof value === 'string') strings += 1;
    else if (typeof value === 'object' && value !== null) left.push(value);
  };
  count(document);
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (Array.isArray(value)) for (const item of value) count(item);
    else if (isObject(value))
      for (const name in value) {
        strings += 1;
        count(value[name]);
      }
  }
  return strings;
};

const textsOf = (value: unknown): number => (typeof value === 'string' ? 1 : 0);

/** Names and texts of native rows, quickly. @returns fewer than there are where a row has further members, or lacks one */
const stringsOfRows = (document: unknown): number => {
  if (!isObject(document) || !Array.isArray(document['data'])) return 0;
  let strings = stringsOf({ ...document, data: null });
  for (const row of document['data']) {
    if (!isObject(row)) return 0;
    const { n, t, v, u, q } = row;
    if (n === undefined || t === undefined || v === undefined) return 0;
    strings += 3 + textsOf(n) + textsOf(t) + textsOf(v);
    if (u !== undefined) strings += 1 + textsOf(u);
    if (q !== undefined) strings += 1 + textsOf(q);
  }
  return strings;
};

/**
 * Whether no name stands twice in an object.
 * @param bytes of the text, in UTF-8
 * @param document what `JSON.parse` made of the text
 */
export const hasUniqueNames = (bytes: Uint8Array, text: string, document: unknown): boolean => {
  const isPlain = text.length === bytes.length && !text.includes('\\');
  const quotes = isPlain ? quotesOf(bytes) : quotesOneByOne(bytes, 0);
  const strings = quotes / 2;
  // No count of a document is greater than that of its text; where they are equal, no name was replaced.
  return strings === stringsOfRows(document) || strings === stringsOf(document);
};

/** An object or array of the text that is not over yet. */
interface Open {
  /** Names so far; `undefined` for an array. */
  readonly names: Set<string> | undefined;
  /** Of the member under way: its name, or its place in the array. */
  member: string | number;
}

/** A pointer goes no deeper: no format does, and the note to the device has to stay short. */
const MAX_DEPTH = 16;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * The first name that stands twice in an object, and a JSON Pointer to it, or to what it is deep within.
 * @param text well-formed JSON with such a name
 */
export const duplicateName = (text: string): { readonly name: string; readonly pointer: string } => {
  const open: Open[] = [];
  let before = '';
  for (const [token] of text.matchAll(TOKEN)) {
    const inner = open.at(-1);
    if (token === '{') open.push({ names: new Set(), member: '' });
    else if (token === '[') open.push({ names: undefined, member: 0 });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && typeof inner?.member === 'number') inner.member += 1;
    else if (token.startsWith('"') && inner?.names !== undefined && before !== ':') {
      const name: string = JSON.parse(token);
      inner.member = name;
      if (inner.names.has(name)) {
        const path = open.slice(0, MAX_DEPTH).map(({ member }) => `/${pointerToken(String(member))}`);
        return { name, pointer: path.join('') };
      }
      inner.names.add(name);
    }
    before = token;
  }
  throw new Error('no name of the text stands twice');
};
