/**
 * Sessions that the state of a device no longer holds. Written when a session parts from the state, read when a message of
 * a session comes that the state does not know: once for each new session.
 *
 * Pk `{device}#s`, sk `{session}`: `f` format, `b` when it began, `r` its ranges as JSON, `expiresAt`, see `expiry.ts`.
 */
import { MICROS_PER_DAY } from '../../../contracts/time.ts';
import type { SeqRange, Session } from '../../domain/ledger/sessions.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { queryPages } from '../dynamodb/query.ts';
import { isExpired, secondOf } from './expiry.ts';
import { checkFormat, ITEM_FORMAT, type Measurements } from './keys.ts';

/**
 * How long a session is remembered after it parted from the state: longer than the history of connections, which gaps are
 * told by, and than anything may come late.
 */
const KEPT = 100 * MICROS_PER_DAY;

const keyOf = (device: string, session: string): Item => ({
  pk: { S: `${device}#s` },
  sk: { S: session },
});

/** @param now microseconds */
export const toSessionItem = (device: string, { id, began, ranges }: Session, now: number): Item => ({
  ...keyOf(device, id),
  f: { N: String(ITEM_FORMAT) },
  b: { N: String(began) },
  r: { S: JSON.stringify(ranges) },
  expiresAt: secondOf(now + KEPT),
});

const fromItem = (item: Item): Session => {
  checkFormat(item);
  return {
    id: item['sk']?.S ?? '',
    began: Number(item['b']?.N),
    ranges: JSON.parse(item['r']?.S ?? '[]') as SeqRange[],
  };
};

/** All sessions of a device that its state no longer holds: one Query, a page for each MB. */
export const readPartedSessions = async (
  { client, table }: Measurements,
  device: string,
  signal?: AbortSignal,
): Promise<Session[]> => {
  const sessions: Session[] = [];
  const question = { condition: 'pk = :pk', values: { ':pk': { S: `${device}#s` } }, consistent: false };
  for await (const items of queryPages(client, table, question, signal))
    for (const item of items) if (!isExpired(item)) sessions.push(fromItem(item));
  return sessions;
};

/**
 * Sessions by device and name: one BatchGetItem for a hundred.
 * @returns by device; a session that is not kept is `undefined`
 */
export const readSessions = async (
  { client, table }: Measurements,
  wanted: ReadonlyMap<string, readonly string[]>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Session | undefined>>> => {
  const found = new Map(
    [...wanted].map(([device, ids]) => [
      device,
      new Map(ids.map((id) => [id, undefined as Session | undefined])),
    ]),
  );
  const keys = [...wanted].flatMap(([device, ids]) => ids.map((id) => keyOf(device, id)));
  if (keys.length === 0) return found;
  for (const item of await batchGet(client, table, keys, { consistent: true, signal })) {
    if (isExpired(item)) continue;
    const device = (item['pk']?.S ?? '').slice(0, -2);
    const session = fromItem(item);
    found.get(device)?.set(session.id, session);
  }
  return found;
};
