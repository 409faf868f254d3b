/** Questions to the API whose answers go on by what is heard; they are asked seldom while it is. */
import { type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { presenceEvent } from '../../../contracts/messages/live.ts';
import type { Device, InstrumentType, LatestValues, Presence, SnapshotPoint } from '../api/gen/index.ts';
import {
  LATEST_EVERY,
  latestQuery,
  PRESENCE_EVERY,
  presenceQuery,
  SNAPSHOT_EVERY,
  siteSnapshotQuery,
} from '../api/queries.ts';
import { withCommandEvent } from './command-events.ts';
import { useCommandEvents, useMeasured, useMissed, usePresenceEvents } from './use-live.ts';
import { newestOfMessage, withHeard } from './values.ts';

/** Milliseconds between questions about what is heard. */
const SELDOM = 15_000;
const PRESENCE_SELDOM = 30_000;
/** Tiles are drawn this often at most: nobody reads numbers that change quicker. */
const TILES_EVERY = 250;

/** Newest values of the devices of a site. */
export const useSiteSnapshot = (
  site: string,
  devices: readonly Device[],
  types: ReadonlyMap<string, InstrumentType>,
): UseQueryResult<SnapshotPoint[]> => {
  const queries = useQueryClient();
  const query = siteSnapshotQuery(site);
  const waiting = useRef<SnapshotPoint[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const heard = useMeasured({ site, device: '+' }, ({ device }, message) => {
    const type = types.get(devices.find(({ id }) => id === device)?.type ?? '');
    if (type === undefined) return;
    waiting.current.push(...newestOfMessage({ device }, message, type.channels, Date.now()));
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const some = waiting.current.splice(0);
      queries.setQueryData(query.queryKey, (values) => values && withHeard(values, some));
    }, TILES_EVERY);
  });
  useMissed(() => void queries.invalidateQueries({ queryKey: query.queryKey }));
  return useQuery({ ...query, refetchInterval: heard ? SELDOM : SNAPSHOT_EVERY });
};

/** Newest values of one device. */
export const useLatest = (
  { id, site }: Device,
  { channels }: InstrumentType,
): UseQueryResult<LatestValues> => {
  const queries = useQueryClient();
  const query = latestQuery(id);
  const heard = useMeasured({ site, device: id }, (_origin, message) => {
    const some = newestOfMessage({}, message, channels, Date.now());
    queries.setQueryData(
      query.queryKey,
      (values) => values && { ...values, items: withHeard(values.items, some) },
    );
  });
  useMissed(() => void queries.invalidateQueries({ queryKey: query.queryKey }));
  return useQuery({ ...query, refetchInterval: heard ? SELDOM : LATEST_EVERY });
};

/** Whether a device is there. */
export const usePresence = ({ id, site }: Pick<Device, 'id' | 'site'>): Presence | undefined => {
  const queries = useQueryClient();
  const query = presenceQuery(id);
  const heard = usePresenceEvents(site, (event) => {
    const read = presenceEvent.safeParse(event);
    if (!read.success || read.data.device !== id) return;
    const { connection } = read.data;
    queries.setQueryData(query.queryKey, (known) =>
      known === undefined || Date.parse(known.connection.since ?? '') > Date.parse(connection.since)
        ? known
        : { ...known, state: connection.state, connection },
    );
    // Why, and whether it sends as often as its type says, is said by the API alone.
    void queries.invalidateQueries({ queryKey: query.queryKey });
  });
  useMissed(() => void queries.invalidateQueries({ queryKey: query.queryKey }));
  const { data } = useQuery({
    ...query,
    // That a device sends, or has fallen silent, is no event.
    refetchInterval: ({ state }) =>
      heard && (state.data?.state === 'online' || state.data?.state === 'offline')
        ? PRESENCE_SELDOM
        : PRESENCE_EVERY,
  });
  return data;
};

/**
 * Lets all lists of commands go on by what is heard of a site.
 * @returns whether it is heard: lists are asked seldom then
 */
export const useCommandsHeard = (site: string | undefined): boolean => {
  const queries = useQueryClient();
  useMissed(() => void queries.invalidateQueries({ queryKey: ['commands'] }));
  return useCommandEvents(site, (event) => {
    for (const query of queries.getQueryCache().findAll({ queryKey: ['commands'], type: 'active' })) {
      if (query.queryKey[1] === 'history' || query.state.data === undefined) continue;
      const { data, incomplete } = withCommandEvent(query.state.data, event);
      if (data !== query.state.data) queries.setQueryData(query.queryKey, data);
      if (incomplete) void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
    }
  });
};

/** Milliseconds between questions for a list of commands. */
export const commandsPace = (heard: boolean, polled: number): number => (heard ? SELDOM : polled);
