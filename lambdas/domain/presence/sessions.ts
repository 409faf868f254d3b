/** Times of being connected, out of comings and goings. Times in milliseconds since the epoch. */

/** A device came or went. */
export interface Change {
  readonly at: number;
  readonly state: 'online' | 'offline';
  /** Place among the events of the device: of two at the same time the greater is later. */
  readonly order: number;
  readonly reason?: string | undefined;
}

/** A time of being connected; `from` and `to` are absent where it began before, or goes on after, what is looked at. */
export interface Session {
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Milliseconds of it within the range. */
  readonly within: number;
  readonly reason?: string | undefined;
}

/** What is known of a range. */
export interface Sessions {
  readonly items: readonly Session[];
  /** Milliseconds of the range from which on it is known whether the device was there. */
  readonly known: number;
}

/**
 * Pairs comings with goings. A coming while connected begins a new session: the one before has lost its connection to it.
 * @param before the last change before the range; absent: nothing is known until the first within
 * @param changes within the range, in any order
 */
export const sessionsOf = (
  range: { readonly from: number; readonly to: number },
  before: Change | undefined,
  changes: readonly Change[],
): Sessions => {
  const sorted = changes.toSorted((one, other) => one.at - other.at || one.order - other.order);
  const items: Session[] = [];
  let open: { readonly from: number | undefined; readonly counted: number } | undefined =
    before?.state === 'online' ? { from: undefined, counted: range.from } : undefined;
  const end = (at: number, to: number | undefined, reason?: string): void => {
    if (open === undefined) return;
    items.push({
      from: open.from,
      to,
      within: Math.max(0, at - open.counted),
      ...(reason === undefined ? {} : { reason }),
    });
    open = undefined;
  };
  for (const { at, state, reason } of sorted) {
    if (state === 'online') {
      end(at, at);
      open = { from: at, counted: at };
    } else end(at, at, reason);
  }
  end(range.to, undefined);
  const first = before === undefined ? sorted[0]?.at : range.from;
  return { items, known: first === undefined ? 0 : Math.max(0, range.to - first) };
};
