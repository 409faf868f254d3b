/**
 * The `registry` table: what is known of devices and instrument types.
 *
 * | access                                   | operation   | key                                                 |
 * | ---------------------------------------- | ----------- | --------------------------------------------------- |
 * | read a device                            | GetItem     | pk `DEVICE#{id}`, sk `META`                          |
 * | read a device, presence and facts        | Query       | pk `DEVICE#{id}`                                     |
 * | many devices and types of one batch      | BatchGetItem| sk `META` of each                                    |
 * | list devices of a site, or of all        | Query       | index `listing`: kind `DEVICE`, listKey `{site}#{id}`|
 * | read the description of a site            | GetItem     | pk `SITE#{id}`, sk `META`                            |
 * | list descriptions of sites               | Query       | index `listing`: kind `SITE`, listKey `{id}`         |
 * | the next site where devices are           | Query       | index `listing`: kind `DEVICE`, listKey above `{site}$`, 1 item |
 * | search for devices of a site by beginning of name, label, presence | Query, BatchGetItem | the list of the site, read in parts; presence: sk `CONNECTION` of those left |
 * | connection of a device (lifecycle)       | UpdateItem  | pk `DEVICE#{id}`, sk `CONNECTION`                    |
 * | connections of many devices              | BatchGetItem| sk `CONNECTION` of each                              |
 * | when a device came or went               | Query       | pk `CONNECTIONS#{id}`, sk `{milliseconds}#{order}`   |
 * | facts that a device reports              | UpdateItem  | pk `DEVICE#{id}`, sk `REPORTED`                      |
 * | read an instrument type                  | GetItem     | pk `TYPE#{id}`, sk `META`                            |
 * | list instrument types                    | Query       | index `listing`: kind `TYPE`, listKey `{id}`         |
 * | answer to a request that is repeated     | GetItem     | pk `IDEMPOTENCY#{subject}#{key}`, sk `META`          |
 * | replays of quarantined messages          | BatchGetItem| pk `REPLAY#{site}/{device}/{date}/{sequence}`, sk `META` |
 * | the record that a replay is taken by     | UpdateItem  | the same                                            |
 * | an export                                | GetItem     | pk `EXPORT#{id}`, sk `META`                          |
 * | exports that somebody ordered on a day    | GetItem     | pk `EXPORT_QUOTA#{subject}#{date}`, sk `META`         |
 * | files of an export                       | Query       | pk `EXPORT#{id}`, sk `FILE#{number}`                 |
 * | a command                                | GetItem     | pk `COMMAND#{id}`, sk `META`                         |
 * | commands of a site, newest first         | Query       | index `listing`: kind `COMMAND@{site}`, listKey `{id}`|
 * | commands of a device, newest first       | Query       | pk `COMMANDS#{device}`, sk `AT#{id}`                 |
 * | commands of a device that are not over   | GetItem     | pk `COMMANDS#{device}`, sk `OPEN`                    |
 * | commands of a person within a minute     | UpdateItem  | pk `COMMANDER#{subject}`, sk `{minute}`              |
 * | the command that a key stands for        | GetItem     | pk `COMMANDKEY#{subject}#{key}`, sk `META`           |
 * | lease of a device                        | GetItem     | pk `DEVICE#{id}`, sk `LEASE`                         |
 * | when rights of a person were taken away   | GetItem     | pk `ACCESS#{subject}`, sk `META`                     |
 * | alert rules of an instrument type        | GetItem     | pk `ALERTRULES#{type}`, sk `META`                    |
 * | alerts                                   | `alerts.ts` | pk `ALERT…`                                         |
 * | the audit                                | `audit.ts`  | pk `AUDIT…`                                         |
 *
 * Every change of a `META` item is conditional on its `version`. Items carry `format`, the version of their
 * shape. Nothing relies on TTL: `expiresAt` is checked when read. No scan, no transaction, no stream.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { UnknownFormat } from '../../../series/codec/unknown-format.ts';

/** The registry table and the way to it. */
export interface Registry {
  readonly client: DynamoDBClient;
  readonly table: string;
}

/** Version of the shape of items that is written. */
export const ITEM_FORMAT = 1;
/**
 * The newest shape that is read: readers know one more than is written, and pass over what they do not know, so that a
 * deployment that is rolled back reads what the newer one has written.
 */
const NEWEST_FORMAT = ITEM_FORMAT + 1;

export const META = 'META';
export const CONNECTION = 'CONNECTION';
export const REPORTED = 'REPORTED';
export const LEASE = 'LEASE';
export const OPEN = 'OPEN';

export const deviceKey = (id: string): string => `DEVICE#${id}`;
export const siteKey = (id: string): string => `SITE#${id}`;
export const connectionsKey = (device: string): string => `CONNECTIONS#${device}`;
export const typeKey = (id: string): string => `TYPE#${id}`;
export const idempotencyKey = (subject: string, key: string): string => `IDEMPOTENCY#${subject}#${key}`;

export const replayKey = (entry: string): string => `REPLAY#${entry}`;

export const exportQuotaKey = (subject: string, day: string): string => `EXPORT_QUOTA#${subject}#${day}`;
export const exportKey = (id: string): string => `EXPORT#${id}`;

export const alertRulesKey = (type: string): string => `ALERTRULES#${type}`;

export const alertKey = (id: string): string => `ALERT#${id}`;
export const alertsKey = (device: string): string => `ALERTS#${device}`;
/** Partitions of the alerts of a site in the index `listing`: all, and those that are not closed. */
export const alertKind = (site: string): string => `ALERT@${site}`;
export const openAlertKind = (site: string): string => `ALERTOPEN@${site}`;

export const commandKey = (id: string): string => `COMMAND#${id}`;
export const commandsKey = (device: string): string => `COMMANDS#${device}`;
/** All items of this kind: what grants name. */
export const ACCESS_PREFIX = 'ACCESS#';
export const accessKey = (subject: string): string => `${ACCESS_PREFIX}${subject}`;

/** Partition of the commands of a site in the index `listing`. */
export const commandKind = (site: string): string => `COMMAND@${site}`;

/** Sort key of a device in the index `listing`. */
export const deviceListKey = (site: string, id: string): string => `${site}#${id}`;

/**
 * Refuses an item of a shape that nobody here knows.
 * @param format as the item has it
 * @throws {UnknownFormat} naming the item
 */
export const checkFormat = (key: string, format: unknown): void => {
  const number = Number(format);
  if (!(number >= 1 && number <= NEWEST_FORMAT))
    throw new UnknownFormat(key, format, `1 to ${NEWEST_FORMAT}`);
};
