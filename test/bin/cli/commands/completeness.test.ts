import { expect, it } from 'vitest';
import { checked } from '../../../../bin/cli/commands/completeness.ts';
import type { CompletenessAnswer } from '../../../../contracts/resources/completeness.ts';

const RANGE = { device: 'a', from: '2026-03-01T10:00:00.000Z', to: '2026-03-01T11:00:00.000Z' };
const whole: CompletenessAnswer = {
  ...RANGE,
  known: true,
  basis: ['sequence'],
  missing: 0,
  open: 0,
  channels: [],
};
const absent = {
  channels: [
    { n: 'temp', present: 1, expected: 9, gapsLeft: 0, gaps: [{ after: null, before: null, points: 8 }] },
  ],
};

it.each<[what: string, told: Partial<CompletenessAnswer>, code: number | undefined]>([
  ['all is there', {}, undefined],
  ['messages are missing', { missing: 1 }, 5],
  ['an entry of the quarantine is open', { open: 1 }, 5],
  ['messages are all there, of an instrument at rest', absent, undefined],
  ['points are absent, of messages without numbers', { ...absent, basis: ['interval'] }, 5],
  ['nobody can know', { known: false, basis: [], reason: 'no-numbers' }, 6],
  ['nobody can know what else is missing', { known: false, basis: [], open: 1 }, 5],
])('ends as told when %s', (_, told, code) => {
  expect(checked({ ...whole, ...told })).toBe(code);
});
