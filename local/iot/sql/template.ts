/**
 * Substitution templates in the parameters of actions: text with `${expression}`.
 *
 * They see the original payload and functions, never the result of SELECT.
 */
import { compileExpression, type Evaluate } from './evaluate.ts';
import { UnsupportedSql } from './lexer.ts';
import type { Message } from './message.ts';
import { toText } from './values.ts';

/** Fills in a template for a message; what is Undefined becomes `undefined`, as AWS writes it. */
export type Template = (message: Message) => string;

/** Compiles a template. @throws {UnsupportedSql} */
export const compileTemplate = (text: string): Template => {
  const parts: (string | Evaluate)[] = [];
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf('${', at);
    if (start < 0) break;
    const end = closing(text, start + 2);
    parts.push(text.slice(at, start), compileExpression(text.slice(start + 2, end)));
    at = end + 1;
  }
  parts.push(text.slice(at));
  const pieces = parts.filter((part) => part !== '');
  const [only] = pieces;
  if (pieces.length === 0 || (pieces.length === 1 && typeof only === 'string')) return () => text;
  return (message) => {
    let filled = '';
    for (const piece of pieces)
      filled += typeof piece === 'string' ? piece : (toText(piece(message)) ?? 'undefined');
    return filled;
  };
};

/** Finds the brace that ends an expression; braces in quotes do not count. */
const closing = (text: string, from: number): number => {
  let depth = 0;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === "'" || character === '"') {
      quote = character;
    } else if (character === '{') {
      depth++;
    } else if (character === '}') {
      if (depth === 0) return at;
      depth--;
    }
  }
  throw new UnsupportedSql(`the template does not end its \${: ${text}`);
};
