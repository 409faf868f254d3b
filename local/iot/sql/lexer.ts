/**
 * Words of AWS IoT rules SQL.
 */

/** A statement that the gateway does not run as AWS would, or that is not SQL; names the construct. */
export class UnsupportedSql extends Error {
  override readonly name = 'UnsupportedSql';
}

export type Token =
  /** A bare word: keyword, name or function. `text` as written. */
  | { readonly kind: 'word'; readonly text: string; readonly at: number }
  /** A name in backticks: never a keyword. */
  | { readonly kind: 'name'; readonly text: string; readonly at: number }
  /** `'...'` or `"..."`. */
  | { readonly kind: 'string'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly at: number }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number };

const SPACE = /\s+/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const SIGN = /<>|!=|<=|>=|[=<>+\-*/%(),.[\]{}:]/y;

/**
 * Cuts a statement into words.
 * @throws {UnsupportedSql} at a character that begins no word
 */
export const lex = (sql: string): readonly Token[] => {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  while (at < sql.length) {
    const first = sql.charAt(at);
    let length: number;
    if (/\s/.test(first)) {
      length = take(SPACE)?.length ?? 1;
    } else if (first === "'" || first === '"' || first === '`') {
      const { text, end } = quoted(sql, at, first);
      tokens.push({ kind: first === '`' ? 'name' : 'string', text, at });
      length = end - at;
    } else {
      const word = take(WORD);
      const number = word === undefined ? take(NUMBER) : undefined;
      const sign = word === undefined && number === undefined ? take(SIGN) : undefined;
      const text = word ?? number ?? sign;
      if (text === undefined)
        throw new UnsupportedSql(`unexpected ${JSON.stringify(first)} at ${at} in: ${sql}`);
      if (word !== undefined) tokens.push({ kind: 'word', text, at });
      else if (number !== undefined) tokens.push({ kind: 'number', value: Number(text), text, at });
      else tokens.push({ kind: 'sign', text, at });
      length = text.length;
    }
    at += length;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
};

/** A quote inside is doubled or escaped by a backslash. */
const quoted = (sql: string, start: number, quote: string): { text: string; end: number } => {
  let text = '';
  for (let at = start + 1; at < sql.length; at++) {
    const character = sql.charAt(at);
    const next = sql.charAt(at + 1);
    if (character === quote && next === quote) {
      text += quote;
      at++;
    } else if (character === quote) {
      return { text, end: at + 1 };
    } else if (character === '\\' && (next === quote || next === '\\')) {
      text += next;
      at++;
    } else {
      text += character;
    }
  }
  throw new UnsupportedSql(`the text that begins at ${start} does not end: ${sql}`);
};
