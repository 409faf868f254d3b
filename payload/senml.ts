/**
 * SenML, RFC 8428: base fields resolved (§4.1), times relative to arrival (§4.5.3), sums (§4.2).
 *
 * What labgate makes of it:
 * - The channel is made of the whole name, see senml-names.ts.
 * - Units of the SenML registry become UCUM, see senml-units.ts.
 * - A sum is a channel of its own: `<channel>.sum` in `<unit>.s`.
 * - Data values (`vd`) are refused: channels carry measurements, not documents. `ut` is not used.
 * - SenML knows neither session nor sequence number, so its messages are not acknowledged.
 */

import { isObject } from '../contracts/json.ts';
import { LIMITS } from '../contracts/limits.ts';
import {
  type Message,
  type PointFault,
  SENML_VERSION,
  UndecodableMessage,
} from '../contracts/messages/message.ts';
import type { QuarantineCode } from '../contracts/problems.ts';
import { MAX_MICROS, MICROS_PER_SECOND, type Micros } from '../contracts/time.ts';
import { ColumnSet } from './column-set.ts';
import type { SenmlLabel } from './senml-labels.ts';
import { isSenmlName, SenmlChannels } from './senml-names.ts';
import { ucumOf } from './senml-units.ts';
import { faultOfValue } from './values.ts';

/** One record as sent; every member is still to be checked. */
export type SenmlRecord = { readonly [label in SenmlLabel]?: unknown };

/** Times below count from now (§4.5.3). */
const ABSOLUTE_MICROS = 2 ** 28 * MICROS_PER_SECOND;
const VALUE_LABELS = ['v', 'vs', 'vb', 'vd'] as const;
/** Labels ending in `_` must be understood (§4.4); there are none yet. */
const MUST_UNDERSTAND = /_$/;

interface Base {
  name: string;
  time: Micros;
  unit: string | undefined;
  value: number;
  sum: number;
  hasSum: boolean;
}

const structure = (detail: string, pointer: string): UndecodableMessage =>
  new UndecodableMessage('invalid-structure', detail, pointer);

const micros = (seconds: number): Micros => Math.round(seconds * MICROS_PER_SECOND);

const numberOf = (record: SenmlRecord, label: SenmlLabel, at: number): number | undefined => {
  const value = record[label];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw structure(`${label} is a number.`, `/${at}/${label}`);
  }
  return value;
};

const textOf = (record: SenmlRecord, label: SenmlLabel, at: number): string | undefined => {
  const value = record[label];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw structure(`${label} is a text.`, `/${at}/${label}`);
  return value;
};

/** Takes over the base fields of a record: a wrong one would falsify every record after it. */
const rebase = (base: Base, record: SenmlRecord, at: number): void => {
  const version = numberOf(record, 'bver', at);
  if (version !== undefined && (!Number.isInteger(version) || version < 1)) {
    throw structure('bver is a positive whole number.', `/${at}/bver`);
  }
  if (version !== undefined && version > SENML_VERSION) {
    throw new UndecodableMessage(
      'unsupported-version',
      `SenML version ${version}; ${SENML_VERSION} is supported.`,
      `/${at}/bver`,
    );
  }
  base.name = textOf(record, 'bn', at) ?? base.name;
  base.unit = textOf(record, 'bu', at) ?? base.unit;
  const time = numberOf(record, 'bt', at);
  if (time !== undefined) base.time = micros(time);
  base.value = numberOf(record, 'bv', at) ?? base.value;
  const sum = numberOf(record, 'bs', at);
  if (sum !== undefined) {
    base.sum = sum;
    base.hasSum = true;
  }
};

const checkLabels = (record: SenmlRecord, at: number): void => {
  for (const label in record) {
    if (MUST_UNDERSTAND.test(label)) {
      throw structure(`The label ${label} must be understood and is not.`, `/${at}`);
    }
  }
};

const NO_UNIT = { ucum: undefined, scale: 1, offset: 0 } as const;

type Refuse = (code: QuarantineCode, member: string) => void;

/** The time of a record, or NaN. */
const timeOf = (seconds: number, base: Base, arrival: Micros): Micros => {
  const sum = base.time + micros(seconds);
  const time = sum < ABSOLUTE_MICROS ? arrival + sum : sum;
  return time <= MAX_MICROS && time >= -MAX_MICROS ? time : Number.NaN;
};

const isMeasurement = (record: SenmlRecord): boolean =>
  record.n !== undefined ||
  record.s !== undefined ||
  VALUE_LABELS.some((label) => record[label] !== undefined);

/** The value of a record with its base value; a wrong one is refused. */
const resolvedValue = (record: SenmlRecord, base: Base, refuse: Refuse): unknown => {
  const labels = VALUE_LABELS.filter((label) => record[label] !== undefined);
  const label = labels[0];
  if (label === undefined) return undefined;
  if (labels.length > 1) return refuse('invalid-structure', '');
  const sent = record[label];
  const value = label === 'v' && typeof sent === 'number' ? sent + base.value : sent;
  const typed = { v: 'number', vs: 'string', vb: 'boolean', vd: undefined }[label];
  const fault =
    typeof value === typed ? faultOfValue(value) : value === null ? 'not-a-number' : 'wrong-value-type';
  return fault === undefined ? value : refuse(fault, `/${label}`);
};

const sumOf = (record: SenmlRecord, base: Base, refuse: Refuse): number | undefined => {
  const { s } = record;
  if (s === undefined) return base.hasSum ? base.sum : undefined;
  if (typeof s === 'number' && Number.isFinite(s + base.sum)) return s + base.sum;
  refuse(s === null || typeof s === 'number' ? 'not-a-number' : 'wrong-value-type', '/s');
  return undefined;
};

/**
 * Resolves a SenML pack.
 * @param arrival what relative times count from
 * @returns points by channel and UCUM unit; a record that cannot be used is a fault
 * @throws {UndecodableMessage} for a wrong base field, an unknown version, a label that must be understood, or two
 * names that are one channel
 */
export const decodeSenml = (
  pack: readonly unknown[],
  arrival: Micros,
  format: 'senml-json' | 'senml-cbor',
): Message => {
  if (pack.length > LIMITS.messagePoints) {
    throw new UndecodableMessage(
      'too-many-points',
      `${pack.length} records; at most ${LIMITS.messagePoints} are taken.`,
    );
  }
  const base: Base = { name: '', time: 0, unit: undefined, value: 0, sum: 0, hasSum: false };
  const set = new ColumnSet();
  const channels = new SenmlChannels();
  const faults: PointFault[] = [];
  let points = 0;
  for (let at = 0; at < pack.length; at += 1) {
    const record = pack[at];
    const refuse: Refuse = (code, member) => {
      faults.push({ code, pointer: `/${at}${member}`, points: 1 });
      points += 1;
    };
    if (!isObject(record)) throw structure('A record is an object.', `/${at}`);
    checkLabels(record, at);
    rebase(base, record, at);
    const { n, u, t } = record;
    if (n !== undefined && typeof n !== 'string') {
      refuse('invalid-structure', '/n');
      continue;
    }
    if (u !== undefined && typeof u !== 'string') {
      refuse('wrong-unit', '/u');
      continue;
    }
    if (t !== undefined && typeof t !== 'number') {
      refuse('invalid-time', '/t');
      continue;
    }
    const time = timeOf(t ?? 0, base, arrival);
    if (Number.isNaN(time)) {
      refuse('invalid-time', '/t');
      continue;
    }
    if (!isMeasurement(record)) continue;
    const name = base.name + (n ?? '');
    const namePointer = n === undefined ? '' : '/n';
    if (!isSenmlName(name)) {
      refuse('invalid-structure', namePointer);
      continue;
    }
    const before = faults.length;
    const channel = channels.of(name, `/${at}${namePointer}`);
    const sent = u ?? base.unit;
    const { ucum, scale, offset } = sent === undefined ? NO_UNIT : ucumOf(sent);
    const add = (to: string, unit: string | undefined, value: string | number | boolean): void => {
      const column = set.of(to, unit, value, '/*');
      column.time.push(time);
      column.value.push(value);
      column.row.push(at);
      points += 1;
    };
    const value = resolvedValue(record, base, refuse);
    if (typeof value === 'number') add(channel, ucum, value * scale + offset);
    // The base unit is one of numbers: a text or a boolean has none unless it says so itself.
    else if (typeof value === 'string' || typeof value === 'boolean') {
      add(channel, u === undefined ? undefined : ucum, value);
    }
    const sum = sumOf(record, base, refuse);
    if (sum !== undefined) {
      // Without the time between them, a zero that lies elsewhere cannot be taken out of summed values.
      if (offset !== 0) refuse('wrong-unit', '/s');
      else {
        const unit = ucum === undefined ? undefined : `${ucum}.s`;
        add(channels.sumOf(name, `/${at}${namePointer}`), unit, sum * scale);
      }
    } else if (value === undefined && faults.length === before) refuse('wrong-value-type', '');
  }
  set.shareTimes();
  return {
    format,
    session: undefined,
    seq: undefined,
    sent: undefined,
    ack: false,
    facts: undefined,
    columns: set.columns,
    faults,
    points,
  };
};
