import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { batchOutcome, deadlines } from '../../../lambdas/runtime/batch-outcome.ts';

describe('batchOutcome', () => {
  it('reports the lowest failed record, or none', () => {
    expect(batchOutcome([2, 1], ['a', 'b', 'c'])).toStrictEqual({
      batchItemFailures: [{ itemIdentifier: 'b' }],
    });
    expect(batchOutcome([], ['a'])).toStrictEqual({ batchItemFailures: [] });
  });
});

describe('deadlines', () => {
  it('end the first steps before the last ones', async () => {
    const { first, last } = deadlines(50);
    await once(first, 'abort');
    expect(last.aborted).toBe(false);
    await once(last, 'abort');
    expect(first.aborted).toBe(true);
  });
});
