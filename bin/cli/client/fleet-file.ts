/** A file of devices to register: CSV with a heading (RFC 4180), or NDJSON. */
import { type DeviceMetadata, registration } from '../../../contracts/resources/devices.ts';
import { UsageError } from './target.ts';

/** What a line says of a device. */
export interface FleetEntry extends DeviceMetadata {
  readonly id: string;
  readonly site: string;
  readonly type: string;
}

/** A line of the file: a device, or what is wrong with it. */
export type FleetLine = { readonly line: number } & (
  | { readonly entry: FleetEntry }
  | { readonly id: string | undefined; readonly error: string }
);

/** What lines leave out. */
export interface FleetDefaults {
  readonly site?: string | undefined;
  readonly type?: string | undefined;
}

const entrySchema = registration.omit({ csr: true });

const checked = (line: number, value: unknown, defaults: FleetDefaults): FleetLine => {
  const parsed = entrySchema.safeParse(
    typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...defaults, ...value } : value,
  );
  if (parsed.success) return { line, entry: parsed.data };
  const id = (value as { readonly id?: unknown } | null)?.id;
  const error = parsed.error.issues
    .map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
    .join('; ');
  return { line, id: typeof id === 'string' ? id : undefined, error };
};

interface Row {
  /** Where it begins. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Rows of CSV; a quoted cell may hold commas, doubled quotes and line breaks. Empty lines are passed over.
 * @throws {UsageError} naming the line of a quote that does not end, or that has something behind it
 */
export function* csvRows(text: string): Generator<Row> {
  const CELL = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;
  let line = 1;
  let begin = 1;
  let cells: string[] = [];
  for (let at = text.startsWith('\u{feff}') ? 1 : 0; at < text.length; at = CELL.lastIndex) {
    CELL.lastIndex = at;
    const [whole, cell = '', end = ''] = CELL.exec(text) ?? [];
    if (whole === undefined) throw new UsageError(`line ${line}: a quote is not as CSV has them`);
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    line += whole.split('\n').length - 1;
    if (end === ',' && CELL.lastIndex === text.length) cells.push('');
    if (end === ',' && CELL.lastIndex < text.length) continue;
    if (cells.length > 1 || cells[0] !== '') yield { line: begin, cells };
    cells = [];
    begin = line;
  }
}

const TEXTS = new Set(['id', 'site', 'type', 'name', 'description', 'serial']);
const PLACE = new Set(['latitude', 'longitude', 'room']);
const LABEL = 'label.';

/** A row as the API has it; empty cells are left out. */
const entryOf = (heading: readonly string[], cells: readonly string[]): object => {
  const entry: Record<string, unknown> = {};
  const location: Record<string, unknown> = {};
  const labels: Record<string, string> = {};
  for (const [at, name] of heading.entries()) {
    const cell = cells[at] ?? '';
    if (cell === '') continue;
    if (TEXTS.has(name)) entry[name] = cell;
    else if (name === 'room') location[name] = cell;
    else if (PLACE.has(name)) location[name] = Number(cell);
    else labels[name.slice(LABEL.length)] = cell;
  }
  return {
    ...entry,
    ...(Object.keys(location).length > 0 ? { location } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
};

/** @throws {UsageError} for a heading that names no device, or something unknown */
function* csvLines(text: string, defaults: FleetDefaults): Generator<FleetLine> {
  let heading: readonly string[] | undefined;
  for (const { line, cells } of csvRows(text)) {
    if (heading === undefined) {
      heading = cells.map((name) => name.trim());
      const unknown = heading.filter(
        (name) => !TEXTS.has(name) && !PLACE.has(name) && !name.startsWith(LABEL),
      );
      if (unknown.length > 0 || !heading.includes('id') || new Set(heading).size < heading.length)
        throw new UsageError(
          `line ${line}: name columns once, of ${[...TEXTS, ...PLACE, `${LABEL}NAME`].join(', ')}; id is needed${unknown.length > 0 ? `; not known: ${unknown.join(', ')}` : ''}`,
        );
    } else if (cells.length > heading.length)
      yield { line, id: undefined, error: `has ${cells.length} cells, the heading ${heading.length}` };
    else yield checked(line, entryOf(heading, cells), defaults);
  }
}

function* ndjsonLines(text: string, defaults: FleetDefaults): Generator<FleetLine> {
  for (const [at, each] of text.split('\n').entries()) {
    if (each.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(each);
    } catch {
      yield { line: at + 1, id: undefined, error: 'is no JSON' };
      continue;
    }
    yield checked(at + 1, value, defaults);
  }
}

/**
 * Reads a file of devices. It is NDJSON where it begins with `{`, else CSV.
 * @param defaults what lines leave out
 * @returns lines in their order, those that are wrong with why
 * @throws {UsageError} when the file as a whole cannot be read
 */
export const fleetLines = (text: string, defaults: FleetDefaults): Generator<FleetLine> =>
  text.trimStart().startsWith('{') ? ndjsonLines(text, defaults) : csvLines(text, defaults);
