/** Calls of `compaction` until nothing is left to do. */
import type { CompactionReport } from '../../../lambdas/functions/compaction/handler.ts';
import { CONTEXT } from './records.ts';

/** Hours that fail are told in the log and tried again by the next call, as on a schedule. */
const CALLS = 20;

/** @returns how many calls it took */
export const compactAll = async (call: () => Promise<CompactionReport>): Promise<number> => {
  for (let calls = 1; calls <= CALLS; calls += 1) if ((await call()).done) return calls;
  throw new Error(`compaction does not come to an end in ${CALLS} calls`);
};

/**
 * For benches of days that are over, whenever they are run: days are archived, and their minutes summarized, at once
 * instead of some hours after their end.
 */
export const ARCHIVE_AT_ONCE = { ARCHIVE_AFTER_HOURS: '0' };

/** Calls the exported handler, with the environment that this process has. */
export const callCompaction = async (): Promise<CompactionReport> => {
  const { handler } = await import('../../../lambdas/functions/compaction/handler.ts');
  return handler({}, CONTEXT);
};
