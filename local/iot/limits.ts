/**
 * Limits of the AWS IoT Core message broker that cannot be raised.
 *
 * Source: AWS General Reference, "AWS IoT Core endpoints and quotas". Not enforced here: 512 KiB/s a connection, beyond
 * which AWS takes its time.
 */
export const MAX_PAYLOAD_BYTES = 128 * 1024;
export const MAX_CLIENT_ID_BYTES = 128;
export const MAX_TOPIC_BYTES = 256;
export const MAX_TOPIC_SLASHES = 7;
export const MAX_SUBSCRIPTIONS = 50;
/** A second, of one connection; AWS discards what goes beyond, without a PUBACK. */
export const MAX_PUBLISHES = 100;
/** In one SUBSCRIBE packet. */
export const MAX_SUBSCRIPTIONS_A_REQUEST = 8;
/** Seconds. */
export const KEEP_ALIVE = { least: 30, most: 1200 } as const;
/** How long a persistent session outlives its connection, in milliseconds. */
export const SESSION_LIFE = 3_600_000;

const BASIC_INGEST = /^\$aws\/rules\/[^/]+\//;

/**
 * Checks a topic name that a client publishes on.
 * @returns what is wrong with it, or `undefined`
 */
export const topicFault = (topic: string): string | undefined => {
  // Slashes and bytes of the Basic Ingest prefix are not counted.
  const direct = topic.startsWith('$') ? BASIC_INGEST.exec(topic)?.[0] : undefined;
  if (direct === undefined && topic.startsWith('$')) return 'the topic is reserved';
  return sizeFault(direct === undefined ? topic : topic.slice(direct.length));
};

/**
 * Checks a topic filter that a client subscribes to.
 * @returns what is wrong with it, or `undefined`
 */
export const filterFault = (filter: string): string | undefined => {
  if (/^\$(?:SYS|share|aws\/rules)(?:\/|$)/.test(filter)) return 'the topic filter is reserved';
  return sizeFault(filter);
};

const sizeFault = (text: string): string | undefined => {
  let slashes = 0;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) slashes++;
  if (slashes > MAX_TOPIC_SLASHES) return `the topic has more than ${MAX_TOPIC_SLASHES} slashes`;
  // A UTF-16 unit is at most three bytes of UTF-8: short topics need no count.
  if (text.length * 3 > MAX_TOPIC_BYTES && Buffer.byteLength(text) > MAX_TOPIC_BYTES) {
    return `the topic is longer than ${MAX_TOPIC_BYTES} bytes`;
  }
  return undefined;
};
