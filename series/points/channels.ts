/** Channels of rows: a batch names each of its channels once, and each row says which of them is its own. */

/** A channel of some rows. */
export interface RowChannel {
  readonly channel: string;
  /** UCUM code of the unit in which the values are. */
  readonly unit: string;
}

/** The channels of a batch, and of each row the place of its own. */
export interface OfChannels<C> {
  readonly channels: readonly C[];
  /** `undefined`: the first. */
  readonly place: readonly number[] | undefined;
}

/** The channel of a row. */
export const channelAt = <C>({ channels, place }: OfChannels<C>, at: number): C | undefined =>
  channels[place?.[at] ?? 0];
