import { describe, expect, it } from 'vitest';
import { commandParameters } from '../../../../contracts/resources/command-declarations.ts';
import { checkParameters } from '../../../../lambdas/domain/commands/parameters.ts';

const SCHEMA = commandParameters.parse({
  properties: {
    temperature: { type: 'number', unit: 'Cel', minimum: 4, maximum: 60 },
    rounds: { type: 'integer', minimum: 1, default: 3 },
    mode: { type: 'string', enum: ['slow', 'fast'] },
    note: { type: 'string', maxLength: 5 },
    buffers: { type: 'array', unit: '[pH]', items: { type: 'number', minimum: 0, maximum: 14 }, maxItems: 2 },
    lights: { type: 'array', unit: 'Cel', items: { type: 'number' } },
    dark: { type: 'boolean' },
  },
  required: ['temperature'],
});
const faults = (given: Record<string, never>) => {
  const checked = checkParameters(SCHEMA, given);
  return 'faults' in checked ? checked.faults.map(({ pointer, detail }) => `${pointer}: ${detail}`) : [];
};

describe('parameters', () => {
  it('come in the units of the type, with defaults', () => {
    expect(checkParameters(SCHEMA, { temperature: { value: 310.15, unit: 'K' } })).toEqual({
      parameters: { temperature: 37, rounds: 3 },
    });
    expect(
      checkParameters(SCHEMA, { temperature: { value: 98.6, unit: '[degF]' }, rounds: 1, dark: true }),
    ).toEqual({
      parameters: { temperature: 37, rounds: 1, dark: true },
    });
    expect(
      checkParameters(SCHEMA, { temperature: 5, lights: [{ value: 273.15, unit: 'K' }, 1] }),
    ).toMatchObject({
      parameters: { lights: [0, 1] },
    });
  });

  it.each([
    [{ temperature: 61 }, /^\/parameters\/temperature: .*maximum 60 Cel/],
    [{ temperature: { value: 400, unit: 'K' } }, /^\/parameters\/temperature: .*maximum 60 Cel/],
    [{ temperature: { value: 1, unit: 'kg' } }, /^\/parameters\/temperature\/unit: .*wanted in Cel/],
    [{ temperature: { value: 1, unit: 'nonsense' } }, /^\/parameters\/temperature\/unit: /],
    [{ temperature: '37' }, /^\/parameters\/temperature: /],
    [{}, /temperature/],
    [
      { temperature: 5, speed: 1 },
      /^\/parameters\/speed: there is no such parameter; there are: temperature, /,
    ],
    [{ temperature: 5, rounds: { value: 1, unit: '1' } }, /^\/parameters\/rounds: takes no unit/],
    [{ temperature: 5, rounds: 1.5 }, /^\/parameters\/rounds: /],
    [{ temperature: 5, mode: 'wild' }, /^\/parameters\/mode: /],
    [{ temperature: 5, note: 'a\u0007b' }, /^\/parameters\/note: holds a control character/],
    [{ temperature: 5, note: 'abcdef' }, /^\/parameters\/note: /],
    [{ temperature: 5, buffers: [1, 15] }, /^\/parameters\/buffers\/1: /],
    [{ temperature: 5, buffers: [1, 2, 3] }, /^\/parameters\/buffers: /],
    [JSON.parse('{"temperature":5,"__proto__":1}'), /^\/parameters\/__proto__: there is no such parameter/],
    [{ temperature: 5, constructor: 1 }, /^\/parameters\/constructor: there is no such parameter/],
  ])('%j are refused by name', (given, expected) => {
    expect(faults(given as never).join('\n')).toMatch(expected);
  });
});
