/** Identifiers of alerts. */
import { createHash } from 'node:crypto';
import type { Micros } from '../../../contracts/time.ts';

const TIME_CHARS = 14;
const HASH_CHARS = 20;

/**
 * The identifier of an activation: the same whoever finds it out, and however often.
 * @param raisedAt when it was raised, by the times of the readings; identifiers sort by it
 */
export const alertIdOf = (type: string, rule: string, device: string, raisedAt: Micros): string => {
  const hash = createHash('sha256').update(`${type}\n${rule}\n${device}\n${raisedAt}`).digest('hex');
  return `${raisedAt.toString(16).padStart(TIME_CHARS, '0')}-${hash.slice(0, HASH_CHARS)}`;
};

/** When an alert was raised, as its identifier says. */
export const timeOfAlertId = (id: string): Micros => Number.parseInt(id.slice(0, TIME_CHARS), 16);
