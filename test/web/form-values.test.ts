/** Forms that are made of a JSON Schema: nothing that is typed is rewritten. */
import { describe, expect, it } from 'vitest';
import type { CommandParameter, CommandParameters } from '../../web/src/api/gen/index.ts';
import {
  confirmedText,
  isMultipleOf,
  labelOf,
  limitsText,
  readForm,
  typedDefaults,
} from '../../web/src/pages/commands/form-values.ts';

const parameters = (
  properties: Readonly<Record<string, CommandParameter>>,
  required: readonly string[] = [],
): CommandParameters => ({
  type: 'object',
  properties,
  required: [...required],
  additionalProperties: false,
});

const speed: CommandParameter = {
  type: 'integer',
  title: 'Speed',
  unit: '/min',
  minimum: 200,
  maximum: 15000,
  default: 3000,
};

describe('a form', () => {
  it('begins with the defaults, as typed', () => {
    expect(typedDefaults(parameters({ speed, hold: { type: 'boolean', default: false } }))).toEqual({
      speed: '3000',
      hold: false,
    });
  });

  it('refuses what is outside its limits, and leaves it', () => {
    const typed = { speed: '15001' };
    expect(readForm(parameters({ speed }), typed)).toEqual({
      values: {},
      errors: { speed: '200 to 15000 1/min' },
    });
    expect(typed.speed).toBe('15001');
  });

  it.each(['', undefined])('takes %j for no value, never for 0', (typed) => {
    expect(readForm(parameters({ speed }), { speed: typed })).toEqual({ values: {}, errors: {} });
    expect(readForm(parameters({ speed }, ['speed']), { speed: typed }).errors).toHaveProperty('speed');
  });

  it.each(['1,5', '0x10', '1e999', 'NaN', 'Infinity', '1 000', '--1', 'five'])(
    'takes %s for no number',
    (typed) => {
      const { values, errors } = readForm(parameters({ x: { type: 'number' } }), { x: typed });
      expect(values).toEqual({});
      expect(errors).toHaveProperty('x');
    },
  );

  it.each([
    ['0', 0],
    ['-1.5', -1.5],
    ['1e3', 1000],
    ['.5', 0.5],
    [' 7 ', 7],
  ])('reads %s as the number %s', (typed, value) => {
    expect(readForm(parameters({ x: { type: 'number' } }), { x: typed })).toEqual({
      values: { x: value },
      errors: {},
    });
  });

  it('reads lists line by line', () => {
    const list: CommandParameter = {
      type: 'array',
      items: { type: 'number', maximum: 10 },
      maxItems: 3,
      uniqueItems: true,
    };
    const read = (typed: string) => readForm(parameters({ list }), { list: typed });
    expect(read('1\n2.5\n\n').values).toEqual({ list: [1, 2.5] });
    for (const wrong of ['1\n1', '1\n2\n3\n4', '11', 'x']) expect(read(wrong).errors).toHaveProperty('list');
  });

  it('keeps choices to those that there are', () => {
    const mode: CommandParameter = { type: 'string', maxLength: 256, enum: ['fast', 'slow'] };
    expect(readForm(parameters({ mode }), { mode: 'fast' }).values).toEqual({ mode: 'fast' });
    expect(readForm(parameters({ mode }), { mode: 'warp' }).errors).toHaveProperty('mode');
  });
});

describe('multiples', () => {
  it.each([
    [0.3, 0.1, true],
    [0.35, 0.1, false],
    [1e21, 1e20, true],
    [0, 0.1, true],
    [-0.6, 0.2, true],
    [1.1, 0.01, true],
  ])('%s of %s: %s', (value, of, is) => {
    expect(isMultipleOf(value, of)).toBe(is);
  });
});

it('units stand in the label, the limits and the confirmation', () => {
  expect(labelOf('speed', speed)).toBe('Speed (1/min)');
  expect(labelOf('temp', { type: 'number', unit: 'Cel' })).toBe('temp (°C)');
  expect(limitsText({ type: 'number', unit: 'Cel', exclusiveMinimum: 0 })).toBe('more than 0 °C');
  expect(confirmedText(37.5, { type: 'number', unit: 'Cel' })).toBe('37.5 °C');
});
