/** Reading of what came as JSON: request bodies and template properties. */
import { isObject } from '../../contracts/json.ts';
import { AwsError } from '../types.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The members of an object; none of anything else. */
export const fields = (value: unknown): Fields => (isObject(value) ? value : {});
/** The elements of a list; none of anything else. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** A text; `undefined` for anything else. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
/** A number, also one written as text: templates hold both. */
export function number(value: unknown): number | undefined {
  const n = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof n === 'number' && Number.isFinite(n) ? n : undefined;
}
/** A boolean, also one written as text: templates hold both. */
export const flag = (value: unknown): boolean => value === true || value === 'true';

/**
 * The body of a JSON protocol request.
 * @throws {AwsError} `SerializationException`
 */
export function parseBody(body: Buffer): Fields {
  let parsed: unknown;
  try {
    parsed = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new AwsError('SerializationException', `the body is no JSON: ${String(error)}`);
  }
  if (!isObject(parsed)) throw new AwsError('SerializationException', 'the body is no JSON object');
  return parsed;
}

/** Operation out of `X-Amz-Target: Service_Version.Operation`. */
export const targetOperation = (target: string | string[] | undefined): string =>
  (typeof target === 'string' ? target : '').split('.')[1] ?? '';
