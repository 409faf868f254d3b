/**
 * MQTT topics: the one place where they are spelt.
 *
 * Every topic is `lab/{site}/{device}/...`. AWS IoT Core allows seven slashes and 256 bytes; the longest
 * topic here, a reply to a command, has five slashes and at most 176 bytes.
 */
import * as z from 'zod';

/** What {@link slug} is. */
export const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** An identifier in a topic, a key or a path: lower-case letters, digits and inner hyphens, 1 to 63 characters. */
export const slug = z
  .string()
  .regex(SLUG, 'use lower-case letters, digits and inner hyphens, at most 63 characters')
  .meta({ id: 'Identifier' });

/** Where a device lives: the two variable levels of every topic. */
export interface Origin {
  readonly site: string;
  readonly device: string;
}

/** First level of every topic of labgate. */
export const TOPIC_ROOT = 'lab';

/** What a device says of a command; the last level of the topic that it says it on. */
export const REPLY_KINDS = ['accepted', 'rejected', 'progress', 'result'] as const;
export type ReplyKind = (typeof REPLY_KINDS)[number];

/** Topics that a device publishes on. */
export const upstream = {
  /** Measurements, device facts; any payload format. */
  data: ({ site, device }: Origin) => `${TOPIC_ROOT}/${site}/${device}/data`,
  /** What becomes of a command. */
  reply: ({ site, device }: Origin, command: string, kind: ReplyKind | '+') =>
    `${TOPIC_ROOT}/${site}/${device}/commands/${command}/${kind}`,
} as const;

/** Topics that a device listens on. */
export const downstream = {
  /** Durable acknowledgement of stored messages. */
  ack: ({ site, device }: Origin) => `${TOPIC_ROOT}/${site}/${device}/ack`,
  /** What was quarantined, and why. */
  errors: ({ site, device }: Origin) => `${TOPIC_ROOT}/${site}/${device}/errors`,
  /** A command for the device. @param command its identifier, or `+` for all */
  command: ({ site, device }: Origin, command: string) =>
    `${TOPIC_ROOT}/${site}/${device}/commands/${command}`,
} as const;

/** A reply as its topic tells it. */
export interface ReplyTopic extends Origin {
  readonly command: string;
  readonly kind: ReplyKind;
}

/**
 * Reads the topic of a reply to a command.
 * @returns `undefined` for any other topic
 */
export const parseReplyTopic = (topic: string): ReplyTopic | undefined => {
  const [root, site = '', device = '', commands, command = '', last, ...rest] = topic.split('/');
  const kind = REPLY_KINDS.find((each) => each === last);
  if (root !== TOPIC_ROOT || commands !== 'commands' || rest.length > 0 || kind === undefined)
    return undefined;
  const origin = parsePartitionKey(`${site}/${device}`);
  return origin === undefined ? undefined : { ...origin, command, kind };
};

/**
 * Site and device of the topic of a measurement, also where it came through Basic Ingest.
 * @returns `undefined` for any other topic
 */
export const originOfTopic = (topic: string): Origin | undefined => {
  const [root, site, device, ...rest] = topic.replace(/^\$aws\/rules\/[^/]+\//, '').split('/');
  return root === TOPIC_ROOT && rest.join('/') === 'data'
    ? parsePartitionKey(`${site}/${device}`)
    : undefined;
};

/** The same topic through Basic Ingest: no messaging charge, no live subscribers. */
export const basicIngest = (ruleName: string, topic: string): string => `$aws/rules/${ruleName}/${topic}`;

/** Kinesis partition key of a device: proof of origin, because the topic is enforced by the device's policy. */
export const partitionKey = ({ site, device }: Origin): string => `${site}/${device}`;

/**
 * Reads a partition key back.
 * @returns the origin, or `undefined` when the key is not `{site}/{device}` of two slugs.
 */
export const parsePartitionKey = (key: string): Origin | undefined => {
  const slash = key.indexOf('/');
  if (slash < 0) return undefined;
  const site = key.slice(0, slash);
  const device = key.slice(slash + 1);
  return slug.safeParse(site).success && slug.safeParse(device).success ? { site, device } : undefined;
};
