/** JSON Pointers (RFC 6901) to the points of a message. */
import type { Column } from '../contracts/messages/message.ts';

/** A name as a token of a JSON Pointer. */
export const pointerToken = (name: string): string =>
  name.includes('/') || name.includes('~') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;

/** Where the point at `index` of a column stands in the message as sent. */
export const pointTo = ({ pointer = '/*', row }: Column, index: number): string => {
  const star = pointer.lastIndexOf('*');
  return `${pointer.slice(0, star)}${row?.[index] ?? index}${pointer.slice(star + 1)}`;
};
