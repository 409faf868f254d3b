/** What pages hear of the live connection. Whatever is not heard is polled. */
import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from 'react';
import { liveTopics } from '../../../contracts/messages/live.ts';
import type { Message } from '../../../contracts/messages/message.ts';
import { type Origin, originOfTopic, upstream } from '../../../contracts/messages/topics.ts';
import { useMay } from '../api/me.tsx';
import type { LiveConnection, LiveState, OnMessage } from './connection.ts';
import { decodeInWorker, isDecoderFull } from './decode.ts';

/** `undefined` where the stage, or the role, has no live connection. */
export const LiveContext = createContext<LiveConnection | undefined>(undefined);

export const useLiveConnection = (): LiveConnection | undefined => useContext(LiveContext);

const never = () => () => undefined;

/** The state of the connection; `undefined` where there is none. */
export const useLiveState = (): LiveState | undefined => {
  const live = useLiveConnection();
  return useSyncExternalStore(
    live === undefined ? never : (listener) => live.onChange(listener),
    () => live?.state,
  );
};

/**
 * Calls back with each message of a filter.
 * @param filter `undefined`: nothing is wanted, or the role may not
 * @returns whether they come in now
 */
const useHeard = (filter: string | undefined, onMessage: OnMessage): boolean => {
  const live = useLiveConnection();
  const latest = useRef(onMessage);
  latest.current = onMessage;
  useEffect(() => {
    if (live === undefined || filter === undefined) return;
    return live.listen(filter, (topic, payload) => latest.current(topic, payload));
  }, [live, filter]);
  return useSyncExternalStore(
    live === undefined ? never : (listener) => live.onChange(listener),
    () => live !== undefined && filter !== undefined && live.hears(filter),
  );
};

export type OnMeasured = (origin: Origin, message: Message) => void;

/**
 * Measurements as devices send them, decoded; nobody has judged them yet.
 * @param origin `undefined`: none are wanted; the device may be `+`
 * @returns whether they come in now
 */
export const useMeasured = (origin: Origin | undefined, onMeasured: OnMeasured): boolean => {
  const live = useLiveConnection();
  const may = useMay();
  const latest = useRef(onMeasured);
  latest.current = onMeasured;
  const filter = origin !== undefined && may('series:read', origin.site) ? upstream.data(origin) : undefined;
  return useHeard(filter, (topic, payload) => {
    const from = originOfTopic(topic);
    if (from === undefined) return;
    if (isDecoderFull()) {
      live?.tellMissed();
      return;
    }
    decodeInWorker(new Uint8Array(payload), Date.now() * 1000).then(
      // What cannot be decoded is in the quarantine, and its device is told.
      ({ message }) => message !== undefined && latest.current(from, message),
      (error: unknown) => {
        console.error(error);
        live?.tellMissed();
      },
    );
  });
};

/**
 * Events that the platform publishes for a site.
 * @returns whether they come in now
 */
const useEvents = (
  filterOf: (site: string) => string,
  site: string | undefined,
  onEvent: (event: unknown) => void,
): boolean => {
  const may = useMay();
  const filter = site !== undefined && may('live:read', site) ? filterOf(site) : undefined;
  return useHeard(filter, (_topic, payload) => onEvent(JSON.parse(new TextDecoder().decode(payload))));
};

const PRESENCE = (site: string): string => liveTopics.presence({ site, device: '+' });
const COMMANDS = (site: string): string => liveTopics.command({ site, device: '+' }, '+');

/** Comings and goings at a site. */
export const usePresenceEvents = (site: string, onEvent: (event: unknown) => void): boolean =>
  useEvents(PRESENCE, site, onEvent);

/** Commands of a site, as they go on. */
export const useCommandEvents = (site: string | undefined, onEvent: (event: unknown) => void): boolean =>
  useEvents(COMMANDS, site, onEvent);

/** Calls back when messages may have been missed. */
export const useMissed = (onMissed: () => void): void => {
  const live = useLiveConnection();
  const latest = useRef(onMissed);
  latest.current = onMissed;
  useEffect(() => live?.onMissed(() => latest.current()), [live]);
};
