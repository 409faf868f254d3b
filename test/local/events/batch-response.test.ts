import { expect, test } from 'vitest';
import { failuresOf, firstFailed } from '../../../local/events/batch-response.ts';

const reply = (payload: unknown) => failuresOf({ ok: true, payload }, true);

test.each([null, undefined, '', [], {}, { batchItemFailures: [] }, { batchItemFailures: null }])(
  '%j says that nothing failed',
  (payload) => {
    expect(reply(payload)).toEqual([]);
  },
);

test.each([
  { batchItemFailures: [{ itemIdentifier: '' }] },
  { batchItemFailures: [{ itemIdentifier: null }] },
  { batchItemFailures: [{ sequenceNumber: '5' }] },
  { batchItemFailures: [{ itemIdentifier: '5' }, null] },
  { batchItemFailures: 'all' },
  { failures: [] },
  'done',
  7,
  [1],
])('%j fails the whole batch', (payload) => {
  expect(reply(payload)).toBe('all');
});

test('an error fails the whole batch, and so does nothing else where failures are not reported', () => {
  const error = { ok: false, errorType: 'Error', errorMessage: 'x' } as const;
  expect(failuresOf(error, true)).toBe('all');
  expect(failuresOf(error, false)).toBe('all');
  expect(failuresOf({ ok: true, payload: { batchItemFailures: [{ itemIdentifier: '5' }] } }, false)).toEqual(
    [],
  );
});

test('the batch goes on at the lowest failure', () => {
  const batch = ['3', '4', '5', '6'].map((sequenceNumber) => ({ sequenceNumber }));
  expect(firstFailed(batch, [])).toBe(4);
  expect(firstFailed(batch, ['6', '4'])).toBe(1);
  expect(firstFailed(batch, 'all')).toBe(0);
  expect(firstFailed(batch, ['9'])).toBe(0);
  expect(firstFailed(batch, ['5', '9'])).toBe(0);
});
