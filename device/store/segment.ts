/** Segment files of the message store, each with records one after the other. */
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Appendable } from './frame.ts';

const NAME = /^(\d{8})\.segment$/;

/** A segment whose file is open. */
export interface Segment extends Appendable {
  readonly number: number;
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
 * Flushes a folder, so that new and renamed files in it survive loss of power. Windows cannot open a folder to flush
 * it, and does this by itself.
 */
export const syncFolder = (directory: string): void => {
  if (process.platform === 'win32') return;
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};
