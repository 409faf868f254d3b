/** Indexes of the tables: `lib` makes them, the stores ask them. */

/** Index of the registry that lists resources of one kind. */
export const LISTING_INDEX = { name: 'listing', partitionKey: 'kind', sortKey: 'listKey' } as const;
