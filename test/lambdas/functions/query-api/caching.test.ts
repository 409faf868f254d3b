import { describe, expect, it } from 'vitest';
import { keepable } from '../../../../lambdas/functions/query-api/caching.ts';

/** Pieces that nobody may ask for. */
async function* unwanted(): AsyncGenerator<Uint8Array> {
  yield await Promise.reject(new Error('the answer was made'));
}

describe('an answer whose tag is known from its facts', () => {
  const keeping = { now: 2, to: 1, isPage: true, tag: () => '"known"' };

  it('is not made for who has it already', async () => {
    for (const ifNoneMatch of ['"known"', 'W/"known"', '"other", "known"', '*']) {
      const answer = await keepable(unwanted(), { 'content-type': 'text/csv' }, { ...keeping, ifNoneMatch });
      expect(answer.status).toBe(304);
      expect(answer.headers.get('etag')).toBe('"known"');
      expect(answer.headers.has('content-type')).toBe(false);
    }
  });

  it('is made for anyone else', async () => {
    for (const ifNoneMatch of [undefined, '"other"', '"know"'])
      await expect(keepable(unwanted(), {}, { ...keeping, ifNoneMatch })).rejects.toThrow('was made');
  });
});
