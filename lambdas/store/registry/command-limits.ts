/** How many commands somebody gives, and which command a key stands for. */
import * as z from 'zod';
import { LIMITS } from '../../../contracts/limits.ts';
import { marshal, unmarshal } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { countOne } from './counter.ts';
import { ITEM_FORMAT, META, type Registry } from './keys.ts';
import { createItem, readItem, writeOnce } from './single.ts';

const MINUTE = 60_000;
const KEY_SECONDS = 24 * 3600;
const secondsOf = (at: Date): number => Math.floor(at.getTime() / 1000);

/**
 * Counts a command of somebody.
 * @returns whether it is one of those allowed within a minute of the clock
 */
export const countCommand = async (registry: Registry, subject: string, at: Date): Promise<boolean> => {
  const key = { pk: `COMMANDER#${subject}`, sk: String(Math.floor(at.getTime() / MINUTE)) };
  return await isWritten(countOne(registry, key, secondsOf(at) + 3600, LIMITS.commandsPerMinute));
};

const claim = z.object({ command: z.string(), requestHash: z.string() });
/** What a key stands for. */
export type Claim = z.infer<typeof claim>;

/**
 * Binds a key of somebody to a command, for a day.
 * @returns what the key stands for: this, or what it was bound to before
 */
export const claimKey = async (
  registry: Registry,
  owner: { readonly subject: string; readonly key: string; readonly at: Date },
  wanted: Claim,
): Promise<Claim> => {
  const pk = `COMMANDKEY#${owner.subject}#${owner.key}`;
  const item = marshal({
    pk,
    sk: META,
    format: ITEM_FORMAT,
    ...wanted,
    expiresAt: secondsOf(owner.at) + KEY_SECONDS,
  });
  return await writeOnce(wanted, createItem(registry, item), async () => {
    const found = await readItem(registry, pk, META);
    return found === undefined ? undefined : claim.parse(unmarshal(found));
  });
};
