/**
 * Attributes out of items that are JSON text, without reading what they hold: some hold many kilobytes. Were reads of
 * some attributes left to dynalite, the day of 100 devices in `npm run bench query` would take 1.2 times as long.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** @param at behind the opening quote; @returns the place of the closing one */
const endOfString = (text: string, at: number): number => {
  for (let end = text.indexOf('"', at); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  throw new SyntaxError('a string without an end');
};

/** @param at where an object begins; @returns the place behind it */
const endOfObject = (text: string, at: number): number => {
  let depth = 0;
  for (let place = at; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) place = endOfString(text, place + 1);
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) {
      depth -= 1;
      if (depth === 0) return place + 1;
    }
  }
  throw new SyntaxError('an object without an end');
};

/**
 * Gives an item those attributes alone that are named, in their order in the item.
 * @param item as `JSON.stringify` writes it: each attribute an object, nothing between
 * @throws {SyntaxError} when it ends too soon
 */
export const project = (item: string, names: ReadonlySet<string>): string => {
  const kept: string[] = [];
  for (let at = 1; item.charCodeAt(at) === QUOTE; ) {
    const nameEnd = endOfString(item, at + 1);
    const end = endOfObject(item, nameEnd + 2);
    const name = item.slice(at + 1, nameEnd);
    if (names.has(name.includes('\\') ? String(JSON.parse(`"${name}"`)) : name))
      kept.push(item.slice(at, end));
    at = end + 1;
  }
  return `{${kept.join()}}`;
};
