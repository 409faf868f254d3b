/** Calls of `compaction` until nothing is left to do. */
import type { CompactionReport } from '../../../lambdas/compaction/handler.ts';
import { CONTEXT } from './records.ts';

/** Hours that fail are told in the log and tried again by the next call, as on a schedule. */
const CALLS = 20;

/** @returns how many calls it took */
export const compactAll = async (call: () => Promise<CompactionReport>): Promise<number> => {
  for (let calls = 1; calls <= CALLS; calls += 1) if ((await call()).done) return calls;
  throw new Error(`compaction does not come to an end in ${CALLS} calls`);
};

/** For benches of hot data: days are not archived, which loading would spend most of its time with. */
export const NO_ARCHIVE = { ARCHIVE_AFTER_HOURS: `${50 * 365 * 24}` };

/** Calls the exported handler, with the environment that this process has. */
export const callCompaction = async (): Promise<CompactionReport> => {
  const { handler } = await import('../../../lambdas/compaction/handler.ts');
  return handler({}, CONTEXT);
};
