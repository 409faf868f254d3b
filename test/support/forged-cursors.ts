/** Cursors that somebody has changed: the envelope is right, the position is not. */

const HOSTILE: readonly unknown[] = [
  1e300,
  -1e300,
  2 ** 53,
  1.5,
  -(2 ** 60),
  null,
  true,
  {},
  [],
  'A1',
  'a/../b',
  'a\u0000',
  '\ud800',
  '#',
  '!',
  'x'.repeat(500),
];

/** Every position in which one member, or the whole, is something else. */
const changed = (position: unknown): unknown[] => {
  const whole = [...HOSTILE];
  if (Array.isArray(position))
    return [
      ...whole,
      [...position, 0],
      position.slice(1),
      ...position.flatMap((member, at) => changed(member).map((other) => position.with(at, other))),
    ];
  if (typeof position !== 'object' || position === null) return whole;
  return [
    ...whole,
    ...Object.entries(position).flatMap(([name, member]) =>
      changed(member).map((other) => ({ ...position, [name]: other })),
    ),
  ];
};

/**
 * Makes cursors of a true one.
 * @returns cursors of the same query, each with a position that no page ever ends with
 */
export const forgedCursors = (cursor: string): string[] => {
  const [version, hash, position] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
  return changed(position).map((other) =>
    Buffer.from(JSON.stringify([version, hash, other])).toString('base64url'),
  );
};
