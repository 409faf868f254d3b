/**
 * What people hear over MQTT, besides the raw data of devices: topics below `live/{site}/`, and the events on them.
 *
 * | topic                                       | who publishes                     | what                     |
 * | ------------------------------------------- | --------------------------------- | ------------------------ |
 * | `live/{site}/presence/{device}`             | `presence`                        | {@link presenceEvent}    |
 * | `live/{site}/commands/{device}/{command}`   | `commands`, `commands-api`        | {@link commandEvent}     |
 * | `live/{site}/alerts/{device}/{alert}`       | `alerts`                          | {@link alertEvent}       |
 * | `live/{site}/rooms/{room}/{subject}`        | a person, as nobody but himself   | what people like         |
 *
 * Events are hints that come at most once, in no promised order: each has what tells the newer of two, and whoever was
 * away reads over HTTP what was missed.
 */
import * as z from 'zod';
import { alert, alertEntry } from '../resources/alerts.ts';
import { command, commandProgress } from '../resources/commands.ts';
import { type Origin, slug } from './topics.ts';

/** First level of the topics on which only the platform, and people in rooms, publish. */
export const LIVE_ROOT = 'live';

/** Form of the subject of a person's token. */
export const PERSON_SUBJECT = /^[A-Za-z0-9-]{1,64}$/;

/** The topics. Each name may be `+` in a filter, and `*` in a grant. */
export const liveTopics = {
  /** Everything of a site, as a filter. */
  all: (site: string) => `${LIVE_ROOT}/${site}/#`,
  presence: ({ site, device }: Origin) => `${LIVE_ROOT}/${site}/presence/${device}`,
  command: ({ site, device }: Origin, id: string) => `${LIVE_ROOT}/${site}/commands/${device}/${id}`,
  alert: ({ site, device }: Origin, id: string) => `${LIVE_ROOT}/${site}/alerts/${device}/${id}`,
  /** @param subject of the token of who speaks */
  room: (site: string, room: string, subject: string) => `${LIVE_ROOT}/${site}/rooms/${room}/${subject}`,
} as const;

/** What a topic below `live/` is. */
export type LiveTopic =
  | ({ readonly kind: 'presence' } & Origin)
  | ({ readonly kind: 'command'; readonly command: string } & Origin)
  | ({ readonly kind: 'alert'; readonly alert: string } & Origin)
  | { readonly kind: 'room'; readonly site: string; readonly room: string; readonly subject: string };

const areSlugs = (...names: readonly string[]): boolean =>
  names.every((name) => slug.safeParse(name).success);

/**
 * Reads a topic.
 * @returns `undefined` for any other topic, one of a later version too
 */
export const parseLiveTopic = (topic: string): LiveTopic | undefined => {
  const [root, site = '', kind, name = '', last = '', ...rest] = topic.split('/');
  if (root !== LIVE_ROOT || rest.length > 0 || !areSlugs(site, name)) return undefined;
  if (kind === 'presence' && last === '') return { kind, site, device: name };
  if (kind === 'commands' && areSlugs(last)) return { kind: 'command', site, device: name, command: last };
  if (kind === 'alerts' && areSlugs(last)) return { kind: 'alert', site, device: name, alert: last };
  if (kind === 'rooms' && PERSON_SUBJECT.test(last)) return { kind: 'room', site, room: name, subject: last };
  return undefined;
};

/** A device came or went. */
export const presenceEvent = z
  .object({
    v: z.literal(1),
    device: slug,
    site: slug,
    connection: z.object({
      state: z.enum(['online', 'offline']),
      since: z.iso.datetime(),
      reason: z.string().optional(),
    }),
    order: z
      .int()
      .nonnegative()
      .meta({ description: 'Of two events of the same minutes the greater one is newer' }),
  })
  .meta({ id: 'PresenceEvent' });
export type PresenceEvent = z.infer<typeof presenceEvent>;

/** A command as it is now: what a list of commands shows. Parameters and results are read over HTTP. */
export const commandEvent = z
  .object({
    v: z.literal(1),
    command: command
      .pick({
        id: true,
        device: true,
        site: true,
        type: true,
        command: true,
        dryRun: true,
        state: true,
        version: true,
        reason: true,
        createdAt: true,
        createdBy: true,
        updatedAt: true,
        expiresAt: true,
        approvedBy: true,
        sentAt: true,
        timesOutAt: true,
        failure: true,
      })
      .extend({ progress: commandProgress.omit({ value: true }).optional() })
      .strip()
      .meta({ id: 'CommandSummary' }),
  })
  .meta({ id: 'CommandEvent' });
export type CommandEvent = z.infer<typeof commandEvent>;

/** What happened to an alert, and the alert as it is now. */
export const alertEvent = z
  .object({ v: z.literal(1), alert: alert.strip(), entry: alertEntry.strip() })
  .meta({ id: 'AlertEvent' });
export type AlertEvent = z.infer<typeof alertEvent>;
