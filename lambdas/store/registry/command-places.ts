/**
 * Which commands of a device are not at their end: one `OPEN` item a device, with a bounded set of identifiers. It says
 * what is to be sent, in the order of asking, and bounds how much waits. 1 write to take a place, 1 to give it back.
 */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { LIMITS } from '../../../contracts/limits.ts';
import { timeOfCommandId } from '../../domain/commands/command-id.ts';
import { isOver, type KeptCommand } from '../../domain/commands/kept-command.ts';
import { marshal, unmarshal } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { leavePlace, readCommands } from './commands.ts';
import { commandsKey, ITEM_FORMAT, OPEN, type Registry } from './keys.ts';
import { readItem } from './single.ts';

const openIds = z.object({ ids: z.array(z.string()).default([]) });

/** Commands of a device that are not at their end, in the order of asking. */
export const readOpen = async (registry: Registry, device: string): Promise<string[]> => {
  const item = await readItem(registry, commandsKey(device), OPEN);
  return item === undefined ? [] : openIds.parse(unmarshal(item)).ids.sort();
};

/**
 * Takes a place among the open commands of a device. Taking it again changes nothing.
 * @returns whether there was room
 */
export const takePlace = async (registry: Registry, device: string, id: string): Promise<boolean> => {
  const update = new UpdateItemCommand({
    TableName: registry.table,
    Key: marshal({ pk: commandsKey(device), sk: OPEN }),
    UpdateExpression: 'SET #format = :format ADD ids :one',
    ConditionExpression: 'attribute_not_exists(ids) OR size(ids) < :most OR contains(ids, :id)',
    ExpressionAttributeNames: { '#format': 'format' },
    ExpressionAttributeValues: {
      ...marshal({ ':most': LIMITS.openCommands, ':id': id, ':format': ITEM_FORMAT }),
      ':one': { SS: [id] },
    },
  });
  return await isWritten(registry.client.send(update));
};

/** After this a place that was taken for a command that is not there is given back: whoever took it has failed. */
const ABANDONED_MILLIS = 60_000;

/**
 * Reads the open commands of a device in the order of asking, and gives back places that nobody needs any more.
 */
export const readOpenCommands = async (
  registry: Registry,
  device: string,
  now: Date,
): Promise<KeptCommand[]> => {
  const ids = await readOpen(registry, device);
  const found = ids.length === 0 ? [] : await readCommands(registry, ids);
  const open = found.filter((kept) => !isOver(kept));
  const needed = new Set(open.map(({ command: { id } }) => id));
  const there = new Set(found.map(({ command: { id } }) => id));
  for (const id of ids) {
    const isAbandoned = there.has(id) || timeOfCommandId(id) + ABANDONED_MILLIS < now.getTime();
    if (!needed.has(id) && isAbandoned) await leavePlace(registry, device, id);
  }
  return open;
};
