/** Values that are known only at a deployment, and the markers that stand for them in files of the assembly. */
import type { Json } from '../types.ts';

/** How a source's markers are filled in. */
export interface Markers {
  readonly values: Readonly<Record<string, Json>>;
  /** Whether a value stands within a string of a JSON file. */
  readonly jsonEscape: boolean;
}

const encoded = (name: string, value: Json, jsonEscape: boolean): string => {
  if (jsonEscape) {
    const json = JSON.stringify(value);
    return typeof value === 'string' ? json.slice(1, -1) : json;
  }
  if (typeof value !== 'string') throw new Error(`marker ${name} is no text`);
  return value;
};

/** Puts the values in place of their markers. */
export const fillIn = (content: Buffer, { values, jsonEscape }: Markers): Buffer => {
  // Latin-1 keeps every byte as it is, also in files that are no text.
  let text = content.toString('latin1');
  for (const [name, value] of Object.entries(values)) {
    const bytes = Buffer.from(encoded(name, value, jsonEscape)).toString('latin1');
    text = text.replaceAll(Buffer.from(name).toString('latin1'), () => bytes);
  }
  return Buffer.from(text, 'latin1');
};
