/** What several pages ask for, each under one key of the cache. */
import { queryOptions } from '@tanstack/react-query';
import { judgedOver } from '../live/values.ts';
import { ask, askAll, askTagged } from './client.ts';
import {
  type LatestValues,
  listDevices,
  listPeople,
  listSites,
  listTypes,
  readDevice,
  readLatest,
  readPresence,
  readSnapshot,
  readType,
  type SnapshotPoint,
} from './gen/index.ts';

const MINUTE = 60_000;
/** Milliseconds between questions for what is not heard over the live connection. */
export const PRESENCE_EVERY = 10_000;
export const SNAPSHOT_EVERY = 5000;
export const LATEST_EVERY = 2000;

export const devicesQuery = queryOptions({
  queryKey: ['devices'],
  queryFn: () => askAll((cursor) => listDevices({ query: { limit: 1000, ...(cursor && { cursor }) } })),
  staleTime: MINUTE,
});

export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: () => askAll((cursor) => listSites({ query: { limit: 1000, ...(cursor && { cursor }) } })),
  staleTime: MINUTE,
});

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ['device', id],
    queryFn: () => askTagged(readDevice({ path: { id } })),
    refetchInterval: 30_000,
  });

export const presenceQuery = (id: string) =>
  queryOptions({
    queryKey: ['presence', id],
    queryFn: () => ask(readPresence({ path: { id } })),
    refetchInterval: PRESENCE_EVERY,
  });

export const typesQuery = queryOptions({
  queryKey: ['types'],
  queryFn: () => askAll((cursor) => listTypes({ query: { limit: 1000, ...(cursor && { cursor }) } })),
  staleTime: MINUTE,
});

export const typeQuery = (id: string) =>
  queryOptions({
    queryKey: ['type', id],
    queryFn: () => askTagged(readType({ path: { id } })),
    staleTime: MINUTE,
  });

export const peopleQuery = queryOptions({
  queryKey: ['people'],
  queryFn: () => askAll((cursor) => listPeople({ query: { limit: 60, ...(cursor && { cursor }) } })),
});

/** Newest values of all devices of a site. */
export const siteSnapshotQuery = (site: string) =>
  queryOptions({
    queryKey: ['snapshot', site],
    queryFn: () =>
      askAll((cursor) => readSnapshot({ query: { site, within: 'P7D', ...(cursor && { cursor }) } })),
    // Also after each change by what was heard: an answer may be older than that.
    structuralSharing: (before, said) =>
      before === undefined
        ? said
        : judgedOver(before as SnapshotPoint[], said as SnapshotPoint[], Date.now()),
    refetchInterval: SNAPSHOT_EVERY,
  });

/** Newest values of one device. */
export const latestQuery = (id: string) =>
  queryOptions({
    queryKey: ['latest', id],
    queryFn: () => ask(readLatest({ path: { id } })),
    structuralSharing: (before, said) => {
      if (before === undefined) return said;
      const [known, now] = [before as LatestValues, said as LatestValues];
      return { ...now, items: judgedOver(known.items, now.items, Date.now()) };
    },
    refetchInterval: LATEST_EVERY,
  });
