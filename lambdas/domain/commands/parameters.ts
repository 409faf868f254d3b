/** Parameters of a command: checked by their schema, sanitized, and brought to the units of the type. */
import { type Schema, Validator } from '@cfworker/json-schema';
import { isObject } from '../../../contracts/json.ts';
import type { ProblemDetail } from '../../../contracts/problems.ts';
import type {
  CommandParameter,
  CommandParameters,
} from '../../../contracts/resources/command-declarations.ts';
import type { Command } from '../../../contracts/resources/commands.ts';
import { conversion } from '../../../series/units/conversion.ts';
import { UnitError } from '../../../series/units/unit.ts';

type Json = Command['parameters'][string];
type Faults = ProblemDetail[];

/** A number that says its unit. */
const isQuantity = (value: unknown): value is { readonly value: number; readonly unit: string } =>
  isObject(value) &&
  Object.keys(value).length === 2 &&
  typeof value['value'] === 'number' &&
  typeof value['unit'] === 'string';

/** 310.15 K are 37 Cel and not 37.00000000000001: fifteen digits are what both numbers are worth. */
const toFifteenDigits = (value: number): number => Number(value.toPrecision(15));

const converted = (value: Json, unit: string | undefined, pointer: string, faults: Faults): Json => {
  if (!isQuantity(value)) return value;
  if (unit === undefined) {
    faults.push({ pointer, detail: 'takes no unit' });
    return value.value;
  }
  if (value.unit === unit) return value.value;
  try {
    return toFifteenDigits(conversion(value.unit, unit).value(value.value));
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    faults.push({ pointer: `${pointer}/unit`, detail: `${error.message}; it is wanted in ${unit}` });
    return value.value;
  }
};

/** A control character has no place in what an instrument may show or pass on. */
const hasControls = (value: Json): boolean =>
  typeof value === 'string'
    ? // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      /[\u0000-\u001f\u007f-\u009f]/.test(value)
    : Array.isArray(value) && value.some(hasControls);

const brought = (declared: CommandParameter, value: Json, pointer: string, faults: Faults): Json => {
  if (hasControls(value)) faults.push({ pointer, detail: 'holds a control character' });
  if (declared.type === 'array')
    return Array.isArray(value)
      ? value.map((each, at) => converted(each, declared.unit, `${pointer}/${at}`, faults))
      : value;
  return converted(value, 'unit' in declared ? declared.unit : undefined, pointer, faults);
};

const LIMITS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;

/** The limits of a number in words, with its unit: an error names them. */
const limitsOf = (declared: CommandParameter): string => {
  if (declared.type !== 'number' && declared.type !== 'integer') return '';
  const named = LIMITS.flatMap((name) => (declared[name] === undefined ? [] : [`${name} ${declared[name]}`]));
  const unit = declared.unit === undefined ? '' : ` ${declared.unit}`;
  return named.length === 0 ? '' : ` (${named.join(', ')}${unit})`;
};

/** Keywords whose errors only say that something below them is wrong. */
const WRAPPERS = new Set(['properties', 'items', 'additionalProperties']);

/**
 * Checks the parameters of a command.
 * @param schema as the type declares them
 * @param given as the caller sent them
 * @returns parameters in the units of the type, with defaults filled in; or what is wrong with them, by JSON Pointer
 * into the request
 */
export const checkParameters = (
  schema: CommandParameters,
  given: Command['parameters'],
): { readonly parameters: Command['parameters'] } | { readonly faults: readonly ProblemDetail[] } => {
  const faults: Faults = [];
  const parameters: Record<string, Json> = {};
  for (const [name, value] of Object.entries(given)) {
    const pointer = `/parameters/${name}`;
    const declared = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (declared === undefined) {
      const known = Object.keys(schema.properties).join(', ') || 'none';
      faults.push({ pointer, detail: `there is no such parameter; there are: ${known}` });
    } else parameters[name] = brought(declared, value, pointer, faults);
  }
  for (const [name, declared] of Object.entries(schema.properties))
    if (!Object.hasOwn(parameters, name) && 'default' in declared && declared.default !== undefined)
      parameters[name] = declared.default;
  if (faults.length > 0) return { faults };
  const { valid, errors } = new Validator(schema as Schema, '2020-12', false).validate(parameters);
  if (valid) return { parameters };
  return {
    faults: errors
      .filter(({ keyword }) => !WRAPPERS.has(keyword))
      .map(({ instanceLocation, error }) => {
        const [, name = ''] = instanceLocation.split('/');
        const declared = schema.properties[name];
        const limits = declared === undefined ? '' : limitsOf(declared);
        return { pointer: `/parameters${instanceLocation.slice(1)}`, detail: `${error}${limits}` };
      }),
  };
};
