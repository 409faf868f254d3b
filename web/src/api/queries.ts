/** What several pages ask for, each under one key of the cache. */
import { queryOptions } from '@tanstack/react-query';
import { ask, askAll, askTagged } from './client.ts';
import { listDevices, listTypes, readDevice, readPresence, readSnapshot, readType } from './gen/index.ts';

const MINUTE = 60_000;

export const devicesQuery = queryOptions({
  queryKey: ['devices'],
  queryFn: () => askAll((cursor) => listDevices({ query: { limit: 1000, ...(cursor && { cursor }) } })),
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
    refetchInterval: 10_000,
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

/** Newest values of all devices of a site. */
export const siteSnapshotQuery = (site: string) =>
  queryOptions({
    queryKey: ['snapshot', site],
    queryFn: () =>
      askAll((cursor) => readSnapshot({ query: { site, within: 'P7D', ...(cursor && { cursor }) } })),
    refetchInterval: 5000,
  });
