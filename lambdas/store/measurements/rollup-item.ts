/**
 * Rollups as items: summaries of the minutes of a day under `{device}#r1m`, of the hours of a day under
 * `{device}#r1h`. What is too large for one item is split by channel into parts of one version, as blocks are.
 *
 * Each section of the summaries is an attribute, so that a reader asks for those that it needs.
 *
 * They are derived and may lag behind points. As long as an hour is queued dirty nobody relies on its hours' rollup;
 * minutes are written when the day is archived, and nobody relies on them as long as it is queued unarchived.
 */

import { MICROS_PER_DAY, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import type { Kept } from '../../../series/summaries/kept.ts';
import type { SummaryRun } from '../../../series/summaries/run.ts';
import { SECTIONS, type Section, type Sections, sectionsFor } from '../../../series/summaries/sections.ts';
import { decodeSummaries } from '../../../series/summaries/summary-codec.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { checkFormat, itemName } from './keys.ts';
import { dayKey } from './work-queue.ts';

/** Version of the shape of what is written. */
export const ROLLUP_FORMAT = 2;

/** Partition of rollups by the width of their windows, a minute or an hour. */
export const rollupPartition = (device: string, width: Micros): string =>
  `${device}#${width === MICROS_PER_MINUTE ? 'r1m' : 'r1h'}`;

/** Sort key of the rollup of a day. */
export const rollupKey = (time: Micros): string => dayKey(time);
/** Sort key of a part of one version. */
export const rollupPartKey = (day: Micros, tag: string, part: number): string =>
  `${rollupKey(day)}#p#${tag}#${part}`;

/** Starts of the days that touch `[from, to)`. */
export const daysIn = (from: Micros, to: Micros): Micros[] => {
  const days: Micros[] = [];
  for (let day = Math.floor(from / MICROS_PER_DAY) * MICROS_PER_DAY; day < to; day += MICROS_PER_DAY)
    days.push(day);
  return days;
};

const ATTRIBUTES: Readonly<Record<Section, string>> = {
  counts: 'zc',
  ends: 'ze',
  extremes: 'zx',
  sums: 'zs',
  squares: 'zq',
  areas: 'za',
  sketches: 'zk',
};

/** Attributes of an item that a reader of what is kept needs. */
export const attributesFor = (kept: Kept): string[] => [
  ...['pk', 'sk', 'f', 'g', 'p', 'ch'],
  ...sectionsFor(kept).map((section) => ATTRIBUTES[section]),
];

/** Sections as attributes. */
export const sectionAttributes = (sections: Sections): Item =>
  Object.fromEntries(
    SECTIONS.flatMap((section) => {
      const bytes = sections[section];
      return bytes === undefined ? [] : [[ATTRIBUTES[section], { B: bytes }]];
    }),
  );

const sectionsOf = (item: Item): Sections =>
  Object.fromEntries(
    SECTIONS.flatMap((section) => {
      const bytes = item[ATTRIBUTES[section]]?.B;
      return bytes === undefined ? [] : [[section, bytes]];
    }),
  );

/** Whether an item is a part, and no head. */
export const isPart = (item: Item): boolean => item['sk']?.S?.includes('#p#') === true;

/** How many parts belong to a head; 0 when it holds all itself. */
export const partsOfHead = (head: Item): number => Number(head['p']?.N);

/** Numbers of the parts of a head that hold wanted channels. */
export const wantedParts = (head: Item, channels: ReadonlySet<string> | undefined): number[] => {
  const all = Array.from({ length: partsOfHead(head) }, (_, part) => part);
  const held = head['ch']?.S;
  if (held === undefined || channels === undefined) return all;
  const names = JSON.parse(held) as readonly (readonly string[])[];
  return all.filter((part) => names[part]?.some((name) => channels.has(name)) === true);
};

/** Reads what an item holds itself. @throws {CorruptSummaries} or {UnknownFormat} naming it */
const runOfItem = (item: Item, channels: ReadonlySet<string> | undefined, kept: Kept): SummaryRun => {
  checkFormat(item, ROLLUP_FORMAT);
  return decodeSummaries(sectionsOf(item), itemName(item), channels, kept);
};

/**
 * Summaries of a rollup.
 * @param parts those of {@link wantedParts}
 * @throws {CorruptSummaries} or {UnknownFormat} naming the item
 */
export const runOfRollup = (
  head: Item,
  parts: readonly Item[],
  channels: ReadonlySet<string> | undefined,
  kept: Kept,
): SummaryRun | undefined => {
  const items = partsOfHead(head) === 0 ? [head] : parts;
  const runs = items.map((item) => runOfItem(item, channels, kept));
  const [first] = runs;
  return first === undefined ? undefined : { ...first, columns: runs.flatMap(({ columns }) => columns) };
};
