/**
 * `audit-roots`: keeps the root of each day of the audit, once the day is over. Called on a schedule; does all days that
 * have none yet, in order, as each root holds the hash of the one before. A root that is there is never written again.
 */
import type { Context } from 'aws-lambda';
import { dayAfter, rootOf } from '../../../contracts/audit-roots.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createLogger } from '../../runtime/logger.ts';
import { auditRootsIn } from '../../store/objects/audit-roots.ts';
import { firstAuditDay, lastEntriesOf, sitesOn } from '../../store/registry/audit-list.ts';

const env = readEnv(['REGISTRY_TABLE', 'AUDIT_ROOTS_BUCKET']);
const logger = createLogger();
const registry = { client: dynamoClient(), table: env.REGISTRY_TABLE };
const roots = auditRootsIn(env.AUDIT_ROOTS_BUCKET);

/** How long after its end a day is closed: clocks of functions differ, and an entry that was begun has been written. */
const CLOSED_AFTER_MILLIS = 3_600_000;
/** No day is begun with less time left. */
const ENOUGH_MILLIS = 60_000;

/** What a call answers. */
export interface RootsReport {
  /** Days whose root it kept. */
  readonly days: readonly string[];
}

const isClosed = (day: string): boolean => Date.parse(dayAfter(day)) + CLOSED_AFTER_MILLIS <= Date.now();

export const handler = async (_event: unknown, context: Context): Promise<RootsReport> => {
  const days: string[] = [];
  const newest = await roots.newest();
  let before = newest?.document;
  let day = newest === undefined ? await firstAuditDay(registry) : dayAfter(newest.day);
  while (day !== undefined && isClosed(day) && context.getRemainingTimeInMillis() >= ENOUGH_MILLIS) {
    const chains = [];
    for (const site of await sitesOn(registry, day))
      for (const { lane, seq, hash } of await lastEntriesOf(registry, site, day))
        chains.push({ site, lane, seq, hash });
    const root = rootOf(day, before, chains);
    if (!(await roots.keep(root))) {
      logger.info('another call has kept the root', { day });
      break;
    }
    logger.info('the root of a day is kept', { day, chains: chains.length });
    days.push(day);
    before = root;
    day = dayAfter(day);
  }
  return { days };
};
