/** Lists of commands that go on by what was heard. */
import { commandEvent } from '../../../contracts/messages/live.ts';
import { isFinal } from '../../../contracts/resources/commands.ts';
import type { Command } from '../api/gen/index.ts';

interface List {
  readonly items: readonly Command[];
}
interface Pages {
  readonly pages: readonly List[];
}
const isPages = (data: object): data is Pages => 'pages' in data;
const isList = (data: object): data is List => 'items' in data;

const mapped = <T>(data: T, change: (command: Command) => Command): T => {
  if (typeof data !== 'object' || data === null) return data;
  if (isPages(data)) return { ...data, pages: data.pages.map((page) => mapped(page, change)) };
  return isList(data) ? { ...data, items: data.items.map(change) } : data;
};

const commandsOf = (data: unknown): readonly Command[] => {
  if (typeof data !== 'object' || data === null) return [];
  if (isPages(data)) return data.pages.flatMap(commandsOf);
  return isList(data) ? data.items : [];
};

/**
 * A list with a command as it is now.
 * @returns the list, and whether it has to be read again: the event has no parameters and no result
 */
export const withCommandEvent = <T>(
  data: T,
  event: unknown,
): { readonly data: T; readonly incomplete: boolean } => {
  const read = commandEvent.safeParse(event);
  // One of a later version: the list knows more.
  if (!read.success) return { data, incomplete: true };
  const { command } = read.data;
  const known = commandsOf(data).find(({ id }) => id === command.id);
  if (known === undefined) return { data, incomplete: true };
  if (known.version >= command.version) return { data, incomplete: false };
  return {
    data: mapped(data, (each) => (each.id === command.id ? ({ ...each, ...command } as Command) : each)),
    incomplete: isFinal(command.state),
  };
};

/** A list as the API says it, but no command goes back: an answer may be older than what was heard since. */
export const commandsForward = (before: unknown, said: unknown): unknown => {
  const known = new Map(commandsOf(before).map((command) => [command.id, command] as const));
  return mapped(said, (command) => {
    const heard = known.get(command.id);
    return heard !== undefined && heard.version > command.version ? heard : command;
  });
};
