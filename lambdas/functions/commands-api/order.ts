/** Giving a command: everything that is checked before it is kept, and how it sets out. */
import { randomBytes } from 'node:crypto';
import type { CommandDeclaration } from '../../../contracts/resources/command-declarations.ts';
import type { CommandRequest } from '../../../contracts/resources/commands.ts';
import type { DeviceDetail } from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import type { Principal } from '../../../contracts/roles.ts';
import { newCommandId } from '../../domain/commands/command-id.ts';
import { interlockFaults } from '../../domain/commands/interlocks.ts';
import { type KeptCommand, newCommand } from '../../domain/commands/kept-command.ts';
import { checkParameters } from '../../domain/commands/parameters.ts';
import { digest } from '../../runtime/digest.ts';
import type { Note } from '../../runtime/http/audit.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { visible } from '../../runtime/http/scope.ts';
import { readLatest } from '../../store/measurements/index.ts';
import { claimKey, countCommand } from '../../store/registry/command-limits.ts';
import { readOpenCommands, takePlace } from '../../store/registry/command-places.ts';
import { createCommand, readCommand } from '../../store/registry/commands.ts';
import { readDetail } from '../../store/registry/devices.ts';
import { awaitConnection } from '../../store/registry/presence.ts';
import { actorOf, type Dependencies } from './dependencies.ts';

/** How a command is asked for. */
export interface Order {
  readonly device: string;
  readonly request: CommandRequest;
  readonly principal: Principal;
  readonly now: Date;
  /** `Idempotency-Key`. */
  readonly key: string | undefined;
  readonly traceparent: string;
  readonly note: Note;
}

const RETRY = { headers: { 'retry-after': '10' } };
/** Seconds after which somebody looks whether a command has set out, whatever became of who asked for it. */
const FIRST_LOOK_SECONDS = 5;

/** @throws {ProblemError} when the device takes no commands at all */
const requireActive = ({ state, id }: DeviceDetail): void => {
  if (state === 'active') return;
  if (state === 'registering')
    throw new ProblemError('command-not-possible', { detail: `${id} is not registered to the end` });
  throw new ProblemError('device-retired');
};

/** @throws {ProblemError} `unknown-command` naming those there are */
const declarationOf = ({ id, commands = {} }: InstrumentType, name: string): CommandDeclaration => {
  const found = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(commands).join(', ') || 'none';
  throw new ProblemError('unknown-command', { detail: `${id} has no command ${name}; there are: ${known}` });
};

/** @throws {ProblemError} `leased`, or `command-not-possible` when the lease is needed and not held */
const requireLease = (
  { lease: isNeeded }: CommandDeclaration,
  { lease }: DeviceDetail,
  { subject }: Principal,
): void => {
  if (lease !== undefined && lease.holder.subject !== subject)
    throw new ProblemError('leased', { detail: `${lease.holder.name} holds it until ${lease.until}` });
  if (lease === undefined && isNeeded)
    throw new ProblemError('command-not-possible', {
      detail: 'the lease of the device is needed: take it first',
    });
};

/** @throws {ProblemError} `command-not-possible` naming each interlock */
const requireInterlocks = async (
  { measurements }: Dependencies,
  { interlocks }: CommandDeclaration,
  { device, now }: Order,
): Promise<void> => {
  if (interlocks.length === 0) return;
  const latest = await readLatest(measurements, device);
  const faults = interlockFaults(interlocks, latest?.points ?? [], now);
  if (faults.length === 0) return;
  throw new ProblemError('command-not-possible', {
    detail: 'an interlock stands against it',
    errors: faults.map((detail) => ({ pointer: '', detail })),
  });
};

/** @throws {ProblemError} `invalid-request` naming limits and units */
const parametersFor = (
  declaration: CommandDeclaration,
  { parameters, dryRun }: CommandRequest,
): CommandRequest['parameters'] => {
  if (dryRun && !declaration.dryRun)
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '/dryRun', detail: 'the instrument cannot check this command without doing it' }],
    });
  const checked = checkParameters(declaration.parameters, parameters);
  if ('faults' in checked) throw new ProblemError('invalid-request', { errors: [...checked.faults] });
  return checked.parameters;
};

/** @throws {ProblemError} `too-many-commands` */
const requirePlace = async (
  { registry }: Dependencies,
  { device, now }: Order,
  id: string,
): Promise<void> => {
  if (await takePlace(registry, device, id)) return;
  // Places that were never given back count no longer.
  await readOpenCommands(registry, device, now);
  if (await takePlace(registry, device, id)) return;
  throw new ProblemError('too-many-commands', { ...RETRY, detail: `${device} has too many open commands` });
};

/** The identifier of the command, which the same key always gives. @throws {ProblemError} `idempotency-conflict` */
const identified = async ({ registry }: Dependencies, order: Order): Promise<string> => {
  const { device, request, principal, key, now } = order;
  const id = newCommandId(now, randomBytes(10));
  if (key === undefined) return id;
  const requestHash = digest(['createCommand', device, request]);
  const owner = { subject: principal.subject, key, at: now };
  const claimed = await claimKey(registry, owner, { command: id, requestHash });
  if (claimed.requestHash !== requestHash) throw new ProblemError('idempotency-conflict');
  return claimed.command;
};

/**
 * Has a queued command sent: at once where the device is connected, else when it connects.
 * @param isConnected as was just read; absent: not known
 */
export const setOut = async (
  { registry, send }: Dependencies,
  { command: { device, state } }: KeptCommand,
  isConnected = false,
): Promise<void> => {
  // Whoever sends it looks again, and waits for the device where it has gone meanwhile.
  if (state === 'queued' && (isConnected || (await awaitConnection(registry, device))))
    await send({ kind: 'device', device, connected: false });
};

/**
 * Gives a command. 2 reads, 1 more for interlocks and 1 for a key; 3 writes for the command, 1 to count it, 1 for a key,
 * and 1 to wait for a device that is away; 1 message that looks after it and 1 that sends it.
 * @returns it, or what the same key gave before
 * @throws {ProblemError} `not-found`, `forbidden`, `device-retired`, `unknown-command`, `invalid-request`, `leased`,
 * `command-not-possible`, `idempotency-conflict`, or `too-many-commands`
 */
export const giveCommand = async (deps: Dependencies, order: Order): Promise<KeptCommand> => {
  const { registry } = deps;
  const { request, principal, now } = order;
  const detail = await readDetail(registry, order.device, now);
  const device = visible(detail, principal, { see: 'devices:read', act: 'commands:create' });
  order.note({ site: device.site });
  requireActive(device);
  const type = await deps.types.read(device.type, now);
  if (type === undefined)
    throw new ProblemError('unknown-command', { detail: `the type ${device.type} is gone` });
  const declaration = declarationOf(type, request.command);
  const parameters = parametersFor(declaration, request);
  const id = await identified(deps, order);
  const before = order.key === undefined ? undefined : await readCommand(registry, id);
  if (before !== undefined) {
    // Its answer may have been lost on the way, and what was to follow with it.
    await setOut(deps, before);
    return before;
  }
  requireLease(declaration, device, principal);
  await requireInterlocks(deps, declaration, order);
  if (!(await countCommand(registry, principal.subject, now)))
    throw new ProblemError('too-many-commands', {
      ...RETRY,
      detail: 'you have given too many within a minute',
    });
  await Promise.all([
    requirePlace(deps, order, id),
    // Before the command is there: whatever fails from here on, somebody looks at it.
    deps.send({ kind: 'look', command: id, phase: 'waiting' }, FIRST_LOOK_SECONDS),
  ]);
  const kept = await createCommand(
    registry,
    newCommand({
      id,
      device,
      typeVersion: type.version,
      name: request.command,
      declaration,
      parameters,
      dryRun: request.dryRun,
      reason: request.reason,
      expiresAfter: request.expiresAfter,
      by: actorOf(principal),
      at: now,
      traceparent: order.traceparent,
    }),
  );
  await Promise.all([setOut(deps, kept, device.connection.state === 'online'), deps.tell(kept.command)]);
  return kept;
};
