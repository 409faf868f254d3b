/**
 * Conversions between the data types of AWS IoT rules SQL.
 *
 * Source: AWS IoT Core developer guide, "Data types", "Operators". Int and Decimal are both kept as doubles: the
 * 34 digits of AWS are not.
 */
import { isObject } from '../../../contracts/json.ts';
import type { Value } from './ast.ts';

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE]-?\d+)?$/;

/** To Decimal: numbers, and strings that look like one. */
export const toNumber = (value: Value): number | undefined => {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : undefined;
};

/** To Int: rounded down. */
export const toInt = (value: Value): number | undefined => {
  const number = toNumber(value);
  return number === undefined ? undefined : Math.floor(number);
};

/** To Boolean: booleans and the words true and false in any case. */
export const toBoolean = (value: Value): boolean | undefined => {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const word = value.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
};

/** To String: everything except Null and Undefined; arrays and objects as JSON. */
export const toText = (value: Value): string | undefined => {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? undefined : JSON.stringify(value);
    default:
      return undefined;
  }
};

export const isArray = (value: Value): value is readonly Value[] => Array.isArray(value);

/** Equality as `=` has it; Undefined when one side is. */
export const equal = (left: Value, right: Value): boolean | undefined => {
  if (left === undefined || right === undefined) return undefined;
  return same(left, right);
};

const same = (left: Value, right: Value): boolean => {
  if (left === right) return true;
  if (isArray(left) && isArray(right)) {
    return left.length === right.length && left.every((item, index) => same(item, right[index]));
  }
  if (isObject(left) && isObject(right)) {
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
    );
  }
  return false;
};

/** A member of an object by its own name, never one that it inherits. */
export const member = (value: Value, name: string): Value =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
