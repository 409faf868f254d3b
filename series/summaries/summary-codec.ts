/**
 * Summaries of one device as bytes by section, and back: what rollup items hold. See `sections.ts` for a section and
 * `column-codec.ts` for what a channel puts into each. The body of `counts` begins with start, width and number of the
 * windows and the number of channels.
 *
 * Only summaries of good and uncertain points are stored.
 */
import { type ByteReader, MalformedBytes } from '../codec/bytes.ts';
import { UnknownFormat } from '../codec/unknown-format.ts';
import { bytesOf, channelOf, decodeColumn, type EncodedColumn, encodeColumn } from './column-codec.ts';
import { KEEP_ALL, type Kept } from './kept.ts';
import type { SummaryRun, WindowRange } from './run.ts';
import { SECTIONS, type Section, type Sections, seal, sectionsFor, unseal } from './sections.ts';

/** More windows than any run has. */
const MAX_WINDOWS = 100_000;

/** Bytes of summaries that are not those that were written. */
export class CorruptSummaries extends Error {
  override readonly name = 'CorruptSummaries';
  constructor(item: string, why: string, cause?: unknown) {
    super(`the summaries of ${item} cannot be read: ${why}`, { cause });
  }
}

/** Channels as sections. */
export const packColumns = (
  { start, width, windows }: WindowRange,
  columns: readonly EncodedColumn[],
): Sections => {
  const packed: Partial<Record<Section, Buffer>> = {};
  for (const section of SECTIONS) {
    if (section !== 'counts' && columns.every((column) => column[section].length === 0)) continue;
    const body = bytesOf((out) => {
      if (section === 'counts') {
        out.signed(start);
        out.unsigned(width);
        out.unsigned(windows);
        out.unsigned(columns.length);
      }
      for (const column of columns) {
        out.unsigned(column[section].length);
        out.bytes(column[section]);
      }
    });
    packed[section] = seal(body);
  }
  return packed;
};

/** Summaries as sections. */
export const encodeSummaries = (run: SummaryRun): Sections =>
  packColumns(
    run,
    run.columns.map((column) => encodeColumn(run, column)),
  );

/** The bytes of each channel. */
const splitBody = (input: ByteReader, channels: number): Buffer[] => {
  const parts: Buffer[] = [];
  for (let left = channels; left > 0; left -= 1) parts.push(input.bytes(input.unsigned()));
  if (input.left > 0) throw new MalformedBytes('bytes are left over');
  return parts;
};

const readRun = (
  sections: Sections,
  name: string,
  channels: ReadonlySet<string> | undefined,
  kept: Kept,
): SummaryRun => {
  if (sections.counts === undefined) throw new MalformedBytes('they have no counts');
  const input = unseal(sections.counts, name);
  const range = { start: input.signed(), width: input.unsigned(), windows: input.unsigned() };
  if (range.windows > MAX_WINDOWS) throw new MalformedBytes('they are of too many windows');
  const counts = splitBody(input, input.count(1));
  const bodies = sectionsFor(kept).flatMap((section) => {
    const bytes = section === 'counts' ? undefined : sections[section];
    return bytes === undefined ? [] : [[section, splitBody(unseal(bytes, name), counts.length)] as const];
  });
  const columns = counts.flatMap((bytes, at) => {
    if (channels?.has(channelOf(bytes)) === false) return [];
    const others = bodies.map(([section, parts]) => [section, parts[at]] as const);
    return [decodeColumn(range, { counts: bytes, ...Object.fromEntries(others) })];
  });
  return { ...range, columns };
};

/**
 * Reads summaries.
 * @param name what to call them in an error: the key of their item
 * @param channels only these; all when absent
 * @param kept what is wanted; other sections may be absent and are passed over
 * @throws {CorruptSummaries} when any byte is not as it was written
 * @throws {UnknownFormat} for any other version
 */
export const decodeSummaries = (
  sections: Sections,
  name: string,
  channels?: ReadonlySet<string>,
  kept: Kept = KEEP_ALL,
): SummaryRun => {
  try {
    return readRun(sections, name, channels, kept);
  } catch (error) {
    if (error instanceof UnknownFormat) throw error;
    throw new CorruptSummaries(name, error instanceof Error ? error.message : String(error), error);
  }
};
