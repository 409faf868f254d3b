/** Cursors: opaque, and bound to the query that they go on with. A cursor only says where; never who may. */
import * as z from 'zod';
import { digest } from '../digest.ts';
import { ProblemError } from './problem.ts';

const VERSION = 1;
/** Enough to tell queries apart: a cursor guards against mistakes, not against attackers. */
const HASH_CHARS = 16;

const hashOf = (query: unknown): string => digest(query).slice(0, HASH_CHARS);

/**
 * Writes a cursor.
 * @param query all that decides what comes next, without the page size
 * @param position where to go on
 */
export const writeCursor = (query: unknown, position: unknown): string =>
  Buffer.from(JSON.stringify([VERSION, hashOf(query), position])).toString('base64url');

/**
 * Reads a cursor.
 * @returns the position
 * @throws {ProblemError} `invalid-cursor` for one that is broken or belongs to another query
 */
export const readCursor = <S extends z.ZodType>(cursor: string, query: unknown, position: S): z.output<S> => {
  const schema = z.tuple([z.literal(VERSION), z.literal(hashOf(query)), z.unknown()]);
  try {
    const [, , found] = schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return position.parse(found);
  } catch (cause) {
    throw new ProblemError('invalid-cursor', { cause });
  }
};
