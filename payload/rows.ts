/** Native JSON rows: `{"v":1,…,"data":[{"n":"temp","t":"2026-03-01T10:00:00Z","v":37.02,"u":"Cel","q":"good"}]}`. */
import { isObject } from '../contracts/json.ts';
import { LIMITS } from '../contracts/limits.ts';
import {
  type Message,
  type PointFault,
  UndecodableMessage,
  type Value,
} from '../contracts/messages/message.ts';
import type { QuarantineCode } from '../contracts/problems.ts';
import { ColumnSet } from './column-set.ts';
import { readHeader } from './header.ts';
import { readTime, readTimeText } from './times.ts';
import { faultOfValue, readQuality } from './values.ts';

const ROW_POINTER = '/data/*';

const rowsOf = (document: object): readonly unknown[] => {
  const data = 'data' in document ? document.data : undefined;
  if (data === undefined && 'device' in document) return [];
  if (!Array.isArray(data)) {
    throw new UndecodableMessage('invalid-structure', 'data is an array of points.', '/data');
  }
  if (data.length > LIMITS.messagePoints) {
    throw new UndecodableMessage(
      'too-many-points',
      `${data.length} points; at most ${LIMITS.messagePoints} are taken.`,
      '/data',
    );
  }
  return data;
};

/**
 * Decodes native rows. Members that the format does not know are ignored.
 * @param document what the JSON text of the message says
 * @returns columns by channel and unit; a row that cannot be used is a fault
 * @throws {UndecodableMessage} for a header that cannot be used, too many rows, or when `data` is no array
 */
export const decodeRows = (document: object): Message => {
  const faults: PointFault[] = [];
  const header = readHeader(document, faults);
  const rows = rowsOf(document);
  const set = new ColumnSet();
  const refuse = (code: QuarantineCode, at: number, member: string): void => {
    faults.push({ code, pointer: `/data/${at}${member}`, points: 1 });
  };
  let timeText = '';
  let textMicros = Number.NaN;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    if (!isObject(row)) {
      refuse('invalid-structure', at, '');
      continue;
    }
    const { n, t, v, u, q } = row;
    if (typeof n !== 'string') {
      refuse('invalid-structure', at, '/n');
      continue;
    }
    let micros: number;
    if (typeof t === 'string') {
      // Channels measured together carry the same text.
      if (t !== timeText) {
        timeText = t;
        textMicros = readTimeText(t);
      }
      micros = textMicros;
    } else micros = readTime(t);
    if (Number.isNaN(micros)) {
      refuse('invalid-time', at, '/t');
      continue;
    }
    if (typeof v !== 'number' || !Number.isFinite(v)) {
      const fault = faultOfValue(v);
      if (fault !== undefined) {
        refuse(fault, at, '/v');
        continue;
      }
    }
    if (u !== undefined && typeof u !== 'string') {
      refuse('wrong-unit', at, '/u');
      continue;
    }
    const quality = readQuality(q);
    if (quality < 0) {
      refuse('invalid-quality', at, '/q');
      continue;
    }
    const column = set.of(n, u, v, ROW_POINTER);
    column.time.push(micros);
    column.value.push(v as Value);
    column.row.push(at);
    if (quality !== 0 || column.quality !== undefined) column.qualify(quality);
  }
  set.shareTimes();
  return { format: 'rows', ...header, columns: set.columns, faults, points: rows.length };
};
