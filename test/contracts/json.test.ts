import { expect, it } from 'vitest';
import { isObject } from '../../contracts/json.ts';

it.each([
  [{}, true],
  [{ member: 1 }, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  [undefined, false],
  ['{}', false],
  [1, false],
  [() => ({}), false],
])('tells whether %o is an object with named members', (value, expected) => {
  expect(isObject(value)).toBe(expected);
});
