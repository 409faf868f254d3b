/** Files of the store: records one after the other. */
import { closeSync, fsyncSync, ftruncateSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^(\d{8})\.segment$/;

/** A file of the store that is open. */
export interface Segment {
  readonly number: number;
  readonly fd: number;
  size: number;
  /** Messages in it that are not acknowledged. */
  kept: number;
}

/** The path of a segment. */
export const segmentFile = (directory: string, number: number): string =>
  join(directory, `${String(number).padStart(8, '0')}.segment`);

/** Numbers of the segments of a folder, ascending. */
export const segmentNumbers = (directory: string): number[] =>
  readdirSync(directory)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);

/**
 * Appends a record, or nothing.
 * @returns where it begins
 */
export const appendTo = (segment: Segment, record: Buffer): number => {
  const at = segment.size;
  try {
    for (let done = 0; done < record.length; ) {
      done += writeSync(segment.fd, record, done, record.length - done, at + done);
    }
  } catch (error) {
    // Half a record would hide those after it.
    ftruncateSync(segment.fd, at);
    throw error;
  }
  segment.size += record.length;
  return at;
};

/** Makes the names of files durable. Windows has no handle of a folder to flush, and does it by itself. */
export const syncFolder = (directory: string): void => {
  if (process.platform === 'win32') return;
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};
