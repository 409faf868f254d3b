/** Lists of commands, the newest first. */
import { LIMITS } from '../../../contracts/limits.ts';
import { commandId } from '../../../contracts/messages/commands.ts';
import type { Command, CommandState } from '../../../contracts/resources/commands.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import type { CommandRange, CommandSlice } from '../../store/registry/commands.ts';

interface ListQuery {
  readonly state?: CommandState | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Pieces of one request, at most: a filter that rejects nearly all makes a short page, not a long wait. */
const PIECES = 10;
/** Commands read at once: each may be some kilobytes. */
const AT_ONCE = 100;

/**
 * One page.
 * @param identity what its cursor is bound to
 * @param read reads a piece of the list
 * @returns the items, and the identifier to go on below, `undefined` at the end
 */
export const commandPage = async (
  identity: object,
  query: ListQuery,
  read: (range: CommandRange) => Promise<CommandSlice>,
): Promise<{ readonly items: readonly Command[]; readonly position: string | undefined }> => {
  const limit = query.limit ?? LIMITS.pageDefault;
  let below = query.cursor === undefined ? undefined : readCursor(query.cursor, identity, commandId);
  const items: Command[] = [];
  for (let piece = 0; piece < PIECES; piece += 1) {
    const wanted = Math.min(AT_ONCE, limit - items.length);
    const { commands, seen } = await read({ below, state: query.state, limit: wanted });
    items.push(...commands.map(({ command }) => command));
    if (seen === undefined) return { items, position: undefined };
    below = seen;
    if (items.length >= limit) break;
  }
  return { items, position: below };
};
