/**
 * Commands: one `META` item each, which holds its history too, so that no state is ever kept without its evidence. The
 * rest points at it.
 *
 * | access                       | operations                                                      |
 * | ---------------------------- | --------------------------------------------------------------- |
 * | a command is given           | 3 writes: its place among the open, its pointer, the item        |
 * | a step of a command          | 1 read, 1 write on its version; the last step 1 write more       |
 * | commands of a site           | 1 Query of the index a page, newest first                        |
 * | commands of a device         | 1 Query of pointers and 1 BatchGetItem a page, newest first      |
 * | what a device is to be sent  | 1 read of the open, 1 BatchGetItem                               |
 */
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { LISTING_INDEX } from '../../../contracts/deployment/indexes.ts';

import {
  type CommandState,
  command,
  transition,
  withoutEffect,
} from '../../../contracts/resources/commands.ts';

import { isOver, type KeptCommand } from '../../domain/commands/kept-command.ts';
import { type Item, marshal } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { ConditionFailed } from '../dynamodb/conditions.ts';
import { readPage } from '../dynamodb/query.ts';
import {
  checkFormat,
  commandKey,
  commandKind,
  commandsKey,
  ITEM_FORMAT,
  META,
  OPEN,
  type Registry,
} from './keys.ts';
import { createItem, readItem, replaceItem, writeOnce } from './single.ts';

/** Days for which a command is kept after its last step. */
const KEPT_DAYS = 400;
const POINTER = 'AT#';

/** What the item holds as one text: results are of any JSON, and DynamoDB has numbers of its own. */
const body = z.object({
  command: command.strip(),
  transitions: z.array(transition.strip()),
  withoutEffect: z.array(withoutEffect.strip()),
  withoutEffectCount: z.int(),
});

const expiryOf = (updatedAt: string): number => Math.floor(Date.parse(updatedAt) / 1000) + KEPT_DAYS * 86_400;

const itemOf = (kept: KeptCommand): Item => {
  const { id, site, state, version, updatedAt } = kept.command;
  return marshal({
    pk: commandKey(id),
    sk: META,
    format: ITEM_FORMAT,
    kind: commandKind(site),
    listKey: id,
    state,
    version,
    body: JSON.stringify(kept),
    expiresAt: expiryOf(updatedAt),
  });
};

const fromItem = (item: Item): KeptCommand => {
  checkFormat(String(item['pk']?.S), item['format']?.N);
  return body.parse(JSON.parse(item['body']?.S ?? ''));
};

/** Reads a command as it is now. */
export const readCommand = async (registry: Registry, id: string): Promise<KeptCommand | undefined> => {
  const item = await readItem(registry, commandKey(id), META);
  return item === undefined ? undefined : fromItem(item);
};

/** Reads commands as they are now, in the order asked for; what is not there is left out. */
export const readCommands = async (registry: Registry, ids: readonly string[]): Promise<KeptCommand[]> => {
  const keys = ids.map((id): Item => marshal({ pk: commandKey(id), sk: META }));
  const items = await batchGet(registry.client, registry.table, keys, { consistent: true });
  const found = new Map(items.map(fromItem).map((kept) => [kept.command.id, kept]));
  return ids.flatMap((id) => found.get(id) ?? []);
};

/**
 * Writes a command that is not there yet.
 * @returns it, or the one that is there
 */
export const createCommand = async (registry: Registry, kept: KeptCommand): Promise<KeptCommand> => {
  const { id, device, updatedAt } = kept.command;
  const pointer = new PutItemCommand({
    TableName: registry.table,
    Item: marshal({
      pk: commandsKey(device),
      sk: `${POINTER}${id}`,
      format: ITEM_FORMAT,
      expiresAt: expiryOf(updatedAt),
    }),
  });
  // First: a pointer at nothing is passed over, a command without a pointer would be in no list.
  await registry.client.send(pointer);
  return await writeOnce(kept, createItem(registry, itemOf(kept)), () => readCommand(registry, id));
};

/** What a list asks for. */
export interface CommandRange {
  /** Identifier to go on below. */
  readonly below: string | undefined;
  readonly state: CommandState | undefined;
  /** Commands looked at, at most. */
  readonly limit: number;
}

/** A piece of a list, and the identifier to go on below; `undefined` at the end. */
export interface CommandSlice {
  readonly commands: readonly KeptCommand[];
  readonly seen: string | undefined;
}

/** Greater than any identifier. */
const END = '~';

/** Commands of a site, the newest first. */
export const listSiteCommands = async (
  registry: Registry,
  site: string,
  { below = END, state, limit }: CommandRange,
): Promise<CommandSlice> => {
  const { items, next } = await readPage(registry.client, registry.table, {
    index: LISTING_INDEX.name,
    condition: 'kind = :kind AND listKey < :below',
    values: marshal({ ':kind': commandKind(site), ':below': below, ':state': state }),
    ...(state === undefined ? {} : { filter: '#state = :state', names: { '#state': 'state' } }),
    consistent: false,
    descending: true,
    limit,
  });
  return { commands: items.map(fromItem), seen: next?.['listKey']?.S };
};

/** Commands of a device, the newest first. */
export const listDeviceCommands = async (
  registry: Registry,
  device: string,
  { below = END, state, limit }: CommandRange,
): Promise<CommandSlice> => {
  const { items, next } = await readPage(registry.client, registry.table, {
    condition: 'pk = :pk AND sk BETWEEN :low AND :high',
    values: marshal({ ':pk': commandsKey(device), ':low': POINTER, ':high': `${POINTER}${below}` }),
    consistent: true,
    descending: true,
    // The one to go on below is among them.
    limit: limit + 1,
  });
  const ids = items
    .map(({ sk }) => (sk?.S ?? '').slice(POINTER.length))
    .filter((id) => id < below)
    .slice(0, limit);
  const commands = await readCommands(registry, ids);
  return {
    commands: commands.filter((kept) => state === undefined || kept.command.state === state),
    seen: next === undefined && items.length <= limit ? undefined : ids.at(-1),
  };
};

/** Gives back the place of a command that is at its end. */
export const leavePlace = async (registry: Registry, device: string, id: string): Promise<void> => {
  await registry.client.send(
    new UpdateItemCommand({
      TableName: registry.table,
      Key: marshal({ pk: commandsKey(device), sk: OPEN }),
      UpdateExpression: 'DELETE ids :one',
      ExpressionAttributeValues: { ':one': { SS: [id] } },
    }),
  );
};

const TRIES = 5;

/** A command changed faster than one could look. */
export class CommandContended extends Error {
  override readonly name = 'CommandContended';
}

/**
 * Changes a command as it is now; when somebody else was faster, once more from what is there then. Gives back its
 * place when it is at its end.
 * @param change the command one version on, or `undefined` to leave it
 * @returns the command as it is after that, `undefined` when there is none
 * @throws {CommandContended}
 */
export const changeCommand = async (
  registry: Registry,
  id: string,
  change: (kept: KeptCommand) => KeptCommand | undefined,
  known?: KeptCommand,
): Promise<{ readonly kept: KeptCommand; readonly changed: boolean } | undefined> => {
  let before = known ?? (await readCommand(registry, id));
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    if (before === undefined) return undefined;
    const after = change(before);
    if (after === undefined) return { kept: before, changed: false };
    try {
      await replaceItem(registry, itemOf(after), before.command.version);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      before = await readCommand(registry, id);
      continue;
    }
    if (isOver(after) && !isOver(before)) await leavePlace(registry, after.command.device, id);
    return { kept: after, changed: true };
  }
  throw new CommandContended(`the command ${id} changes too fast`);
};
